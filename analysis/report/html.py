"""What the pages share: figures as JSON, one template environment, plotly's script."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import plotly.graph_objects as go
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from analysis.report.escape import for_script, visible


@dataclass(frozen=True)
class Plot:
    """A figure of a page: ``json`` goes into a script element, ``height`` (pixels) is kept free until it is drawn."""

    json: Markup
    height: int
    label: str


def plot_of(figure: go.Figure | None, label: str) -> Plot | None:
    """Return a figure for the template; None where there is none."""
    if figure is None:
        return None
    return Plot(Markup(for_script(figure.to_json())), int(figure.layout.height), label)


def render(template: str, **context: Any) -> str:
    """Return a page: ``template`` is a path below ``analysis``, every value is escaped but for plotly's own script."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parents[1]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["visible"] = visible
    script = Markup(get_plotlyjs())  # holds no "</script": a test looks
    return environment.get_template(template).render(**context, plotly_js=script)
