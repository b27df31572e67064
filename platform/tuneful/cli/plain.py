"""Texts from data, for a terminal: what moves its cursor or colours it is escaped."""


def plain(text: str) -> str:
    """A name with its control and bidirectional characters escaped."""
    return text if text.isprintable() else ascii(text)[1:-1]


def visible(text: str) -> str:
    """`plain` for lines, which stay lines; one that is written over is a new line."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(one if one.isprintable() or one in "\n\t" else plain(one) for one in lines)
