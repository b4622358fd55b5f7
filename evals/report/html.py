"""Renders the report as one self-contained HTML file."""

import base64
import hashlib
from importlib import resources

from evals.report.page import Page

TEMPLATES = "evals.report"


def render_page(page: Page) -> str:
    """The page; everything that is not the templates' own text is escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["drawing"] = Markup  # only for what evals.report.plots drew
    script = _own("page.js")
    return environment.get_template("page.html.j2").render(
        page=page, style=Markup(_own("page.css")), script=Markup(script), script_digest=_digest(script)
    )


def _own(name: str) -> str:
    return resources.files(TEMPLATES).joinpath("templates", name).read_text(encoding="utf-8")


def _digest(script: str) -> str:
    """What the page's security policy names, so that no other script can run in it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
