"""Renders a page from its templates: one file that needs nothing beside it and runs no script but its own."""

import base64
import hashlib
from collections.abc import Sequence
from importlib import resources
from typing import Any

TEMPLATES = "evals.report"
SCRIPT = "page.js"


def counted(count: int, noun: str) -> str:
    """``1 question``, ``12 questions``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def render(template: str, page: Any, styles: Sequence[str]) -> str:
    """The page; everything that is not the templates' own text is escaped.

    Args:
        template: its name in the folder of templates.
        page: the values that it lays out, as ``page``.
        styles: names of the style sheets, in their order.
    """
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
    environment.filters["counted"] = counted
    script = _own(SCRIPT)
    # What the page's security policy names, so that no other script can run in it.
    digest = "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    style = Markup("\n".join(map(_own, styles)))
    return environment.get_template(template).render(
        page=page, style=style, script=Markup(script), script_digest=digest
    )


def _own(name: str) -> str:
    return resources.files(TEMPLATES).joinpath("templates", name).read_text(encoding="utf-8")
