"""What the targets of a clip are, with and without mixing."""
