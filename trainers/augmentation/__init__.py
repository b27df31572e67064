"""Augmentation on the device, per sample."""
