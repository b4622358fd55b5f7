"""Checks whether two runs can be compared, and lists differences in code, models, settings and machine."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from evals.questions.files import question_line
from evals.questions.schema import Question
from evals.run.perturbations import reworded
from evals.run.provenance import EXTRACTIVE, Provenance
from evals.run.records import Run, RunInfo
from index.errors import UsageError

SHOWN_DIGEST = 12  # characters of a commit or SHA-256, enough to tell two apart
NONE = "none"
REMEDY = "run the same suite over the same articles with both versions: evals run SUITE"


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not the same in the two runs, such as ``settings.k``; ``none`` where a run does not have it."""

    name: str
    first: str
    second: str


def require_same_material(first: Run, second: Run) -> None:
    """Only answers to the same questions over the same articles can be compared.

    The header of a question file may differ: it does not change what is asked. Nor does the order of the articles
    count; and questions that a perturbation has reworded are the same ones.

    Raises:
        UsageError: the questions or the articles differ; names what differs.
        InputError: a file of a run is missing or broken.
    """
    whole = first.has_texts and second.has_texts
    faults = []
    if first.info.questions != second.info.questions:
        perturbed = {run.info.suite.perturb for run in (first, second)}
        one, other = (
            {question.id: reworded(question, *perturbed) for question in run.questions} for run in (first, second)
        )
        unlike = _unlike("questions", one, other) if whole else []
        faults += unlike or ([] if whole and perturbed != {""} else ["other questions"])
    if first.info.provenance.articles != second.info.provenance.articles:
        faults += (whole and _unlike("articles", first.articles, second.articles)) or ["other articles"]
    if faults:
        raise UsageError(f"{first.folder} and {second.folder} cannot be compared: {'; '.join(faults)}", REMEDY)


def provenance_differences(first: RunInfo, second: RunInfo) -> tuple[Difference, ...]:
    """Everything that differs between how two runs were made, in the order of ``Provenance``."""
    one, other = _facts(first), _facts(second)
    names = dict.fromkeys((*one, *other))
    found = (Difference(name, one.get(name, NONE), other.get(name, NONE)) for name in names)
    return tuple(item for item in found if item.first != item.second)


def deciding_differences(run: Run, now: RunInfo, questions: Sequence[Question]) -> list[str]:
    """What decides the answers and is not the same as when the run began."""
    then, current = _deciding(run.info, run.questions), _deciding(now, questions)
    return [name for name, value in then.items() if value != current[name]]


def fingerprint(info: RunInfo, questions: Sequence[Question]) -> str:
    """A few characters that change with anything that decides the answers."""
    return sha256("\0".join(_deciding(info, questions).values()).encode()).hexdigest()[:8]


def _deciding(info: RunInfo, questions: Sequence[Question]) -> dict[str, str]:
    provenance, suite = info.provenance, info.suite
    otherwise = (*([suite.perturb] if suite.perturb else []), *([EXTRACTIVE] if suite.extractive else []))
    return {
        "questions": "\n".join(map(question_line, questions)),
        "articles": provenance.articles,
        # How many seeds there are does not count: a run goes on with more of them.
        "settings": repr((sorted(provenance.settings.items()), suite.seeds[:1], suite.timeout_seconds, *otherwise)),
        "code": provenance.code,
    }


def _unlike(kind: str, first: Mapping[str, object], second: Mapping[str, object]) -> list[str]:
    parts = {
        "only in the first": [name for name in first if name not in second],
        "only in the second": [name for name in second if name not in first],
        "not the same in both": [name for name in first if name in second and first[name] != second[name]],
    }
    said = [f"{len(names)} {where} (such as {names[0]!r})" for where, names in parts.items() if names]
    return [f"{kind}: {', '.join(said)}"] if said else []


def _facts(info: RunInfo) -> dict[str, str]:
    origin, suite = info.provenance, info.suite
    return {
        "system": origin.system or "this one",
        "commit": _commit(origin),
        "code": origin.code[:SHOWN_DIGEST],
        "model": origin.model or "of the server",
        "perturbation": suite.perturb or NONE,
        "seeds": " ".join(map(str, suite.seeds)),
        "time-out": f"{suite.timeout_seconds:g} s",
        **dict(_named("prompts", {name: digest[:SHOWN_DIGEST] for name, digest in origin.prompts.items()})),
        **dict(_named("weights", {name: digest[:SHOWN_DIGEST] for name, digest in origin.weights.items()})),
        # The seed of the settings is not used: a run asks with those of its suite.
        **dict(_named("settings", {name: value for name, value in origin.settings.items() if name != "seed"})),
        **dict(_named("packages", origin.packages)),
        **dict(_named("machine", origin.machine)),
    }


def _commit(origin: Provenance) -> str:
    if not origin.commit:
        return NONE
    return origin.commit[:SHOWN_DIGEST] + (" with changes" if origin.dirty else "")


def _named(group: str, values: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    return ((f"{group}.{name}", str(value) or "not set") for name, value in values.items())
