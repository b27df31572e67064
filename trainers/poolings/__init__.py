"""From the backbone's feature maps to an embedding, and from that to logits."""
