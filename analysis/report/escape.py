"""Names are data: text for HTML, for plotly's labels (which read a subset of HTML) and for JSON inside a script."""

import html
import unicodedata
from typing import Any

_INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Unicode categories that are not drawn or reorder what is: control, format (bidirectional), surrogates, separators."""


def visible(text: Any, limit: int | None = None) -> str:
    """Return ``text`` with control and bidirectional characters spelled out, cut to ``limit`` characters."""
    shown = "".join(_spell(character) for character in str(text))
    return shown if limit is None or len(shown) <= limit else shown[: limit - 1] + "…"


def has_invisible(text: str) -> bool:
    """Tell whether ``text`` holds a character that :func:`visible` would spell out."""
    return any(unicodedata.category(character) in _INVISIBLE for character in text)


def for_plotly(text: Any, limit: int | None = 48) -> str:
    """Return ``text`` for a label, a legend or a hover text of plotly, where ``<b>`` and ``&lt;`` would be markup."""
    return html.escape(visible(text, limit), quote=False)


def for_script(json_text: str) -> str:
    """Return the same JSON value in a form that cannot hold ``</script>`` or ``<!--``."""
    escaped = json_text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return escaped.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _spell(character: str) -> str:
    if unicodedata.category(character) not in _INVISIBLE:
        return character
    return f"\\u{ord(character):04x}"
