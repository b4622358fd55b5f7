"""Asks the systems the questions of a suite, each in a run of its own."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from hashlib import sha256
from importlib import import_module
from typing import Any

from assistant.embedded.provider import ModelProvider
from assistant.llm.client import untraced
from assistant.llm.service import model_name, service_of
from evals.peers.record import answer_of
from evals.peers.reply import Asked, Models
from evals.peers.systems import SYSTEMS, System, origin_of
from evals.questions.schema import Question
from evals.run.records import Record, Run
from evals.run.runner import Ask, execute, execute_with, prepare_run, settings_of
from evals.run.suite import Material, Suite
from index.embed.openai_errors import service_error


def askable(material: Material) -> Material:
    """The questions that every system can be asked, in an order that only their ids decide.

    Peers know neither the conversation before a question nor a day up to which articles count. The first so many of the
    others are a fair sample, whatever the order of the file.
    """
    kept = (item for item in material.questions if not item.history and not item.as_of)
    ordered = sorted(kept, key=lambda question: sha256(question.id.encode()).digest())
    return replace(material, questions=tuple(ordered))


def prepare(name: str, suite: Suite, material: Material) -> Run:
    """The run of a system, begun or opened; its folder is named after suite and system."""
    system = SYSTEMS.get(name)
    return prepare_run(None, suite, material, label=f"peers-{name}", system=origin_of(system) if system else None)


def ask_system(name: str, run: Run, limit: int | None, progress: Callable[[Record], None]) -> None:
    """Ask what is still to be asked; raises as ``execute``."""
    system = SYSTEMS.get(name)
    if system is None:
        execute(run, limit=limit, progress=progress)
    else:
        execute_with(run, partial(_opened, run, system), limit=limit, progress=progress)


@contextmanager
def _opened(run: Run, system: System, seed: int) -> Iterator[Ask]:
    # A reply that is not streamed is one silence of the server, however long the question may take.
    settings = settings_of(run, seed).model_copy(update={"timeout_seconds": run.info.suite.timeout_seconds})
    provider = ModelProvider(settings)
    try:
        models = Models(provider.embedder(), provider.chat(), provider.is_embedded)
        opened: Asked = import_module(f"evals.peers.{system.module}").open_system(system, run.articles, models)
        yield partial(_ask, opened, models, run)
    finally:
        provider.close()


async def _ask(opened: Asked, models: Models, run: Run, question: Question) -> Mapping[str, Any]:
    import openai

    try:
        with untraced():
            reply = await opened(question.question)
    except openai.OpenAIError as error:
        raise service_error(error, service_of(models.chat)) from error
    return answer_of(question.question, reply, run.articles, model_name(models.chat))
