"""Finished runs for use elsewhere: as predictors here, as bundles of files for a machine without tuneful."""
