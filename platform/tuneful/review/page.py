"""The page: one HTML file with its style and script inside; what it shows comes from the server as JSON."""

from functools import cache
from pathlib import Path

import jinja2
from markupsafe import Markup

SCRIPTS = ("common", "clip", "sound", "decisions", "queue", "relabel", "keys")
"""In this order, one script."""


def page(nonce: str) -> str:
    """The page, its style and script marked with the nonce that the content security policy names."""
    script = Markup("\n").join(_own(f"script/{name}.js") for name in SCRIPTS)
    return _environment().get_template("page.html.j2").render(nonce=nonce, style=_own("page.css"), script=script)


@cache
def _environment() -> jinja2.Environment:
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    return jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)


@cache
def _own(name: str) -> Markup:
    """A file of ours, as it is: it holds no data."""
    return Markup((Path(__file__).parent / name).read_text(encoding="utf-8"))
