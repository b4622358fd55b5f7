"""Makes a run of the records of another system, in the form that ``evals run`` writes.

The answer of each record has the fields of ``Answer.to_dict()``, and ``imported``: how each citation and each
retrieved text was aligned. What is not aligned is there as a citation without a place, which supports nothing.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from assistant.answer import Status
from assistant.llm.reply_json import UNCOUNTED
from evals.exchange.align import ALONE, Aligned, Aligner, Fit
from evals.exchange.formats import Records
from evals.exchange.shapes import Foreign, statements
from evals.metrics.text import fold
from evals.questions.anchors import SHOWN, anchor_questions
from evals.questions.files import question_line
from evals.run.append_only import not_written
from evals.run.provenance import Provenance, articles_digest
from evals.run.records import RUNS, Record, Run, RunInfo, create_run
from evals.run.suite import Material, Suite
from index.articles import Article, ArticleInfo
from index.errors import InputError, UsageError
from index.private import private_file, private_folder

# What libraries answer when they find nothing: LlamaIndex writes the first (core/response_synthesizers/base.py, when
# no node was found), LangChain's prompts ask the model for the second ("just say that you don't know",
# chains/retrieval_qa/prompt.py). What a model says in its own words, or in another language, --refusal tells.
REFUSALS = ("Empty Response", "I don't know")
EMPTY = "an empty answer"
BY_FIELD = "their own word"
NOT_ALIGNED = "(not aligned)"

_NAME = re.compile(r"[^\w.-]+")
_BETWEEN = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Imported:
    """A run that was made of records, and what became of them.

    Attributes:
        open: ids of the questions without a record.
        refusals: how it was seen that an answer is a refusal → number.
        citations, contexts: how they were aligned → number.
        lost: a line for each citation that has no place, but for those that never gave more than the article's name.
    """

    run: Run
    open: tuple[str, ...]
    refusals: Counter[str]
    citations: Mapping[Fit, int]
    contexts: Mapping[Fit, int]
    lost: tuple[str, ...]


def import_records(
    suite: Suite,
    material: Material,
    records: Records,
    system: str,
    refusals: Sequence[str] = REFUSALS,
    folder: Path | None = None,
) -> Imported:
    """Write the run's folder.

    Args:
        system: the name that the other system goes by.
        refusals: with which words an answer begins that is none.
        folder: None takes one below ``RUNS`` named after suite, system and records.

    Raises:
        InputError: evidence of a question does not stand in the articles.
        UsageError: there is a run in the folder.
        AssistantError: it cannot be written.
    """
    anchored = anchor_questions(material.questions, {article.id: article for article in material.articles})
    if anchored.failures:
        raise InputError(f"{anchored.failures[0]}", "evals validate QUESTIONS --articles PATH lists them all")
    material = replace(material, questions=anchored.questions)
    digest = _digest(records, material, refusals)
    info = _info(suite, material, records, system, digest, refusals)
    chosen = folder or RUNS / f"{suite.name}-{_NAME.sub('_', system)}-{digest[:8]}"
    if (chosen / "run.json").exists():
        raise UsageError(f"{chosen} holds a run already", f"python -m evals score {chosen}; or choose another --out")
    maker = _Maker(Aligner(material.articles), {article.id: article for article in material.articles}, system, refusals)
    seed = info.suite.seed
    made = [
        maker.record(question.id, seed, records.found[question.id], records.places[question.id])
        for question in material.questions
        if question.id in records.found
    ]
    try:
        private_folder(chosen)
        with private_file(chosen / "records.jsonl") as file:
            file.writelines(record.model_dump_json().encode() + b"\n" for record in made)
    except OSError as error:
        raise not_written(chosen, error) from error
    run = create_run(chosen, info, material)
    missing = tuple(question.id for question in material.questions if question.id not in records.found)
    return _summed(run, made, missing)


def _info(
    suite: Suite, material: Material, records: Records, system: str, digest: str, refusals: Sequence[str]
) -> RunInfo:
    """The suite without what it sets for the assistant; as code stands what the records say."""
    said = {"shapes of the records": ", ".join(sorted(records.formats)), "read as refusals": "; ".join(refusals)}
    provenance = Provenance(
        system=system,
        commit="",
        dirty=None,
        code=digest,
        packages={},
        prompts={},
        model=system,
        weights={},
        settings=said,
        articles=articles_digest(material.articles),
        machine={},
    )
    own = suite.model_copy(update={"settings": {}, "repeats": 1, "perturb": ""})
    return RunInfo(suite=own, questions="", created=datetime.now(UTC), provenance=provenance)


def _digest(records: Records, material: Material, refusals: Sequence[str]) -> str:
    """SHA-256 of everything that decides what is recorded."""
    parts = [*map(question_line, material.questions), articles_digest(material.articles), *refusals]
    parts += [f"{name}\0{record!r}" for name, record in sorted(records.found.items())]
    return sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def refusal_in(foreign: Foreign, refusals: Iterable[str]) -> str:
    """How an answer shows that it is a refusal; empty when it is an answer.

    What the system says itself goes first; then an empty answer, or one that begins with one of these texts, whatever
    the case and punctuation.
    """
    if foreign.refused is not None:
        return BY_FIELD if foreign.refused else ""
    if not foreign.text.strip():
        return EMPTY
    said = _plain(foreign.text)
    return next((f"“{text}”" for text in refusals if f"{said} ".startswith(f"{_plain(text)} ")), "")


def _plain(text: str) -> str:
    return _BETWEEN.sub(" ", re.sub("['’]", "", fold(text))).strip()


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes records of foreign ones."""

    aligner: Aligner
    articles: Mapping[str, Article]
    system: str
    refusals: Sequence[str]

    def record(self, question: str, seed: int, foreign: Foreign, place: str) -> Record:
        answer = None if foreign.error else self._answer(foreign, place)
        return Record(
            question=question,
            seed=seed,
            seconds=foreign.seconds,
            at=datetime.now(UTC),
            answer=answer,
            error=foreign.error,
            error_kind="error" if foreign.error else "",
        )

    def _answer(self, foreign: Foreign, place: str) -> dict[str, Any]:
        refusal = refusal_in(foreign, self.refusals)
        claims = () if refusal else statements(foreign)
        aligned = {number: self.aligner.align(pointer) for number, pointer in sorted(foreign.pointers.items())}
        contexts = [self.aligner.align(pointer) for pointer in foreign.contexts or ()]
        hits = [{"article": _name(item, n), "start": item.start, "end": item.end} for n, item in enumerate(contexts, 1)]
        located = {number: self._located(number, found) for number, found in aligned.items()}
        beside = [] if not refusal else [{"label": f"S{n}", "words": None, **item} for n, item in located.items()]
        usage = replace(UNCOUNTED, prompt_tokens=foreign.prompt_tokens, completion_tokens=foreign.completion_tokens)
        return {
            "question": foreign.question,
            "standalone": "",
            "status": str(Status.INSUFFICIENT if refusal else Status.ANSWERED),
            "text": foreign.text,
            "confidence": foreign.confidence,
            "claims": [{"text": text, "citations": list(numbers), "sources": 1} for text, numbers in claims],
            "citations": [] if refusal else [{"n": n, **item, "dates": []} for n, item in located.items()],
            **{name: [] for name in ("disagreements", "missing", "searches", "rejected")},
            "unanswered": "",
            "hits": None if foreign.contexts is None else hits,
            "evidence": beside,
            "usage": asdict(usage),
            "timings_ms": {} if foreign.seconds is None else {"total": round(foreign.seconds * 1000, 1)},
            "model": "",
            "prompt_digest": "",
            "warnings": [_lost_line(n, item, foreign) for n, item in aligned.items() if not item.end],
            "imported": {
                "system": self.system,
                "place": place,
                "refusal": refusal,
                "citations": [{"n": n, "fit": str(item.fit), "reason": item.reason} for n, item in aligned.items()],
                "contexts": [str(item.fit) for item in contexts],
            },
        }

    def _located(self, number: int, found: Aligned) -> dict[str, Any]:
        """As citations and evidence are recorded; without a place the sentence is empty."""
        article = self.articles.get(found.article)
        about = article.info if article else ArticleInfo(_name(found, number))
        article_fields = {
            name: getattr(about, name) for name in ("id", "title", "source", "url", "author", "published")
        }
        sentence = article.text[found.start : found.end] if article else ""
        return {"sentence": sentence, "start": found.start, "end": found.end, "article": article_fields}


def _name(found: Aligned, number: int) -> str:
    """The article's id; of what is not aligned a name of its own, as two of them are not the same place."""
    return found.article or f"{NOT_ALIGNED} {number}"


def _lost_line(number: int, found: Aligned, foreign: Foreign) -> str:
    pointer = foreign.pointers[number]
    said = pointer.quote or ", ".join(pointer.names[:1])
    shown = f": {said[:SHOWN]}{'…' if len(said) > SHOWN else ''}" if said and found.fit is Fit.LOST else ""
    return f"citation {number}: {found.fit}, {found.reason}{shown}"


def _summed(run: Run, made: Sequence[Record], missing: tuple[str, ...]) -> Imported:
    answers = [(record.question, record.answer) for record in made if record.answer is not None]
    imported = [answer["imported"] for _, answer in answers]
    return Imported(
        run=run,
        open=missing,
        refusals=Counter(item["refusal"] for item in imported if item["refusal"]),
        citations=Counter(Fit(cited["fit"]) for item in imported for cited in item["citations"]),
        contexts=Counter(Fit(fit) for item in imported for fit in item["contexts"]),
        lost=tuple(
            f"{question}, {line}" for question, answer in answers for line in answer["warnings"] if ALONE not in line
        ),
    )
