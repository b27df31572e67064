"""Names from data, for a terminal."""


def plain(text: str) -> str:
    """A name with its control and bidirectional characters escaped."""
    return text if text.isprintable() else ascii(text)[1:-1]
