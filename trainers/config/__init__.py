"""Configuration: strict YAML, dotted paths and overrides, errors that name file and line."""
