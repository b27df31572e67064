"""Networks: backbone, pooling, head."""
