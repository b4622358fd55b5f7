"""Answers questions about news articles; every statement points at the sentence that says so."""

import os.path
import sys

# ``python -m`` looks for every module in the current folder first, so that a ``json.py`` there would be run in place of
# the library's. This comes before any such module is imported.
if sys.argv[:1] == ["-m"] and not sys.flags.safe_path and sys.path[0] != os.path.dirname(__path__[0]):
    del sys.path[0]

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assistant.answer import Answer, Citation, Claim, Evidence, Rejected, Status
    from assistant.answering.chain import AnswerChain
    from assistant.assistant import Assistant
    from assistant.question.asked import Question
    from assistant.question.follow_up import Earlier
    from assistant.retriever import NewsRetriever
    from index.articles import Article, Window
    from index.errors import AssistantError

    __version__: str

__all__ = [
    "Answer",
    "AnswerChain",
    "Article",
    "Assistant",
    "AssistantError",
    "Citation",
    "Claim",
    "Earlier",
    "Evidence",
    "NewsRetriever",
    "Question",
    "Rejected",
    "Status",
    "Window",
]

_HOMES = {
    "Assistant": "assistant.assistant",
    "AnswerChain": "assistant.answering.chain",
    "Article": "index.articles",
    "AssistantError": "index.errors",
    "Earlier": "assistant.question.follow_up",
    "NewsRetriever": "assistant.retriever",
    "Question": "assistant.question.asked",
    "Window": "index.articles",
}


def __getattr__(name: str) -> Any:
    """Public names, imported when they are first used: PEP 562."""
    if name == "__version__":
        return _version()
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES.get(name, "assistant.answer")), name)


def _version() -> str:
    """The version of the installed package; ``0+unknown`` where it runs from a folder that was never installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("news-assistant")
    except PackageNotFoundError:
        return "0+unknown"


def _check_siblings() -> None:
    """The folders beside this one have common names: refuse to run with another project's ``index`` or ``prompts``."""
    here = Path(__file__).resolve().parent.parent
    for name in ("index", "prompts"):
        spec = find_spec(name)
        origin = Path(spec.origin).resolve() if spec and spec.origin else None
        if origin is None or origin.parent.parent != here:
            raise ImportError(
                f"assistant needs its own package {name!r} beside it in {here}, but Python finds {origin or 'none'}; "
                "uninstall or move the other one"
            )


_check_siblings()
