"""The shared model core: one training run, start to end, on plain PyTorch."""
