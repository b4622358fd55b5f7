"""Describes where a run's numbers come from: code, models, settings."""

from dataclasses import dataclass

from evals.run.provenance import Provenance
from evals.run.records import Run

BYTES_A_GIBIBYTE = 1 << 30


@dataclass(frozen=True, slots=True)
class Facts:
    """Some facts under one heading."""

    title: str
    rows: tuple[tuple[str, str], ...]


def facts_of(run: Run) -> tuple[Facts, ...]:
    """Everything that has to be the same for two runs to be comparable; headings without facts are left out."""
    provenance = run.info.provenance
    every = (
        Facts("Run", _run_rows(run)),
        Facts("Code", (("commit", shown_commit(provenance)), ("digest of what answers", provenance.code))),
        Facts("Models and prompts", _model_rows(provenance)),
        Facts("Settings", tuple((name, value or "not set") for name, value in provenance.settings.items())),
        Facts("Packages", tuple(provenance.packages.items())),
        Facts("Machine", tuple((_spaced(name), _machine(name, value)) for name, value in provenance.machine.items())),
    )
    return tuple(facts for facts in every if facts.rows)


def shown_commit(provenance: Provenance) -> str:
    """The commit, and whether the files were those of the commit."""
    if not provenance.commit:
        return "not known"
    states = {True: ", with changes", False: ", without changes", None: ""}
    return provenance.commit + states[provenance.dirty]


def shown_model(provenance: Provenance) -> str:
    """The chat model."""
    return provenance.model or "the one that the server chooses"


def _run_rows(run: Run) -> tuple[tuple[str, str], ...]:
    suite = run.info.suite
    return (
        ("suite", suite.name),
        ("list", suite.marks or "none"),
        *((("imported answers of", run.info.provenance.system),) if run.info.provenance.system else ()),
        ("created", run.info.created.strftime("%Y-%m-%d %H:%M %Z")),
        ("seeds", ", ".join(map(str, suite.seeds))),
        ("time-out of a question", f"{suite.timeout_seconds:g} s"),
        ("questions", run.info.questions),
        ("articles", run.info.provenance.articles),
        *((f"set by the suite: {name}", str(value)) for name, value in suite.settings.items()),
    )


def _model_rows(provenance: Provenance) -> tuple[tuple[str, str], ...]:
    return (
        ("chat model", shown_model(provenance)),
        *((f"weights, {role}", digest) for role, digest in provenance.weights.items()),
        *((f"prompt, {name}", digest) for name, digest in provenance.prompts.items()),
    )


def _machine(name: str, value: str | int) -> str:
    return f"{int(value) / BYTES_A_GIBIBYTE:.1f} GiB" if name == "memory_bytes" else str(value)


def _spaced(name: str) -> str:
    return name.removesuffix("_bytes").replace("_", " ")
