"""Keeps test lists honest: nothing is fitted on them, and every look at their scores is written down."""

from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from pydantic import TypeAdapter

from evals.questions.schema import StrictModel
from evals.run.append_only import open_line_file, read_lines
from evals.run.provenance import commit_in_use
from evals.run.records import RUNS, Run
from evals.run.suite import SUITES, Suite, find_suite, read_suite
from index.errors import AssistantError, UsageError

LEDGER = "ledger.jsonl"
REMEDY = "take the broken line out"


class Look(StrictModel):
    """A first look at the scores of a run over a test list.

    Attributes:
        run: SHA-256 of what was scored: code, settings, questions and records; the same is not written down twice.
        commit: of the code that answered; empty where it is not known.
        scored: how many questions had a record.
    """

    at: datetime
    suite: str
    command: str
    run: str
    commit: str
    scored: int


def note_look(run: Run, command: str) -> str:
    """Write a look at a test list down; the line for people that says so, empty for other lists.

    Looks at our own suites stand in one file beside them, those at others among the runs.
    """
    if run.info.suite.list != "test":
        return ""
    return write_down(_look(run, command))


def note_measured(suite: str, command: str, code: str, scored: int) -> str:
    """Write down a look at a test list that has no run, because its questions were only replayed.

    Args:
        code: SHA-256 of what answered.
    """
    look = Look(at=datetime.now(UTC), suite=suite, command=command, run=code, commit=commit_in_use(), scored=scored)
    return write_down(look)


def write_down(look: Look) -> str:
    """Add a look to its ledger, unless it stands there; the line for people that says how many there are."""
    path = ledger_of(look.suite)
    looks = looks_in(path)
    if (look.suite, look.run) not in {(earlier.suite, earlier.run) for earlier in looks}:
        looks = (*looks, look)
        try:
            with open_line_file(path) as file:
                file.add(look)
        except (OSError, AssistantError) as error:
            return f"test list; this look could not be written down: {error}"
    count = sum(earlier.suite == look.suite for earlier in looks)
    return f"test list; {count} state{'s' if count > 1 else ''} of the system looked at so far: {path}"


def ledger_of(suite: str) -> Path:
    """Where looks at a suite are written down."""
    ours = (SUITES / f"{suite}.toml").is_file()
    return (SUITES if ours else RUNS) / LEDGER


def looks_in(path: Path) -> tuple[Look, ...]:
    """The looks that a ledger holds; none where there is no file.

    Raises:
        InputError: a line is broken; names it.
    """
    return tuple(look for _, look in read_lines(path, TypeAdapter(Look), REMEDY)) if path.exists() else ()


def looks_at(suite: str) -> list[Look]:
    """The looks at a suite, oldest first."""
    return sorted((look for look in looks_in(ledger_of(suite)) if look.suite == suite), key=lambda look: look.at)


def require_tuning(suite: str) -> None:
    """Refuse a suite of ours, by its name, on which nothing may be fitted.

    Raises:
        UsageError: it is a test list, or belongs to none.
    """
    found = read_suite(find_suite(suite))
    refuse_test_list(found)
    if found.list != "tuning":
        raise UsageError(f"{found.name} is no tuning list", _tuning_lists())


def refuse_test_list(found: Suite) -> None:
    """Refuse to fit anything on a test list; a suite of somebody's own belongs to no list.

    Raises:
        UsageError: it is one.
    """
    if found.list == "test":
        raise UsageError(f"{found.name} is a test list: nothing is fitted on it", _tuning_lists())


def _tuning_lists() -> str:
    names = sorted(path.stem for path in SUITES.glob("*.toml") if read_suite(path).list == "tuning")
    return f"take tuning lists: {', '.join(names)}"


def _look(run: Run, command: str) -> Look:
    info, records = run.info, run.completed()
    parts = (info.provenance.code, repr(sorted(info.provenance.settings.items())), info.questions)
    digest = sha256("\0".join((*parts, *(record.model_dump_json() for record in records))).encode()).hexdigest()
    return Look(
        at=datetime.now(UTC),
        suite=info.suite.name,
        command=command,
        run=digest,
        commit=info.provenance.commit,
        scored=len(records),
    )
