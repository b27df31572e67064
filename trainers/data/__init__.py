"""Data: catalogues, the store of decoded samples, splits, segments."""
