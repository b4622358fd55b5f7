"""Every pattern of the code, and texts that could keep it busy: pieces of what it matches, repeated."""

import ast
import gc
import importlib
import random
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from re import _constants, _parser  # type: ignore[attr-defined]
from types import ModuleType
from typing import Any

from tests.parts import ROOT

PACKAGES = ("index", "assistant")
UNITS = (
    *" \n\t.,;:!?-–—/\\|\"'“”’()[]{}<>*#=&@%$€01",
    *"aAzé中",
    "a ",
    "A ",
    "1 ",
    "a, ",
    "A. ",
    "Ab ",
    "to ",
    "of the ",
)
UNITS += (" , ", ". ", "\n\n", "\n \n", "a-", "1,", "1.", "<a>", "<!--", '"a" ', "'a", "Mr. ", "and ", "the ", "A b ")
ENDINGS = ("", "\0", "a", " ", "\n", "1")
SEED = 7
OPENINGS = 6  # pieces of what a pattern matches that stand before the repeated part
RE_FUNCTIONS = ("compile", "search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer")


@dataclass(frozen=True, slots=True)
class Found:
    """A pattern, and where it stands: ``index.split.sentences:_GAP`` or ``index.formats.pdf:75``."""

    place: str
    pattern: re.Pattern[Any]


def all_patterns() -> list[Found]:
    """The patterns in the names of every module, and those in calls of ``re``; each once."""
    found: dict[tuple[object, int], Found] = {}
    for file in sorted(file for package in PACKAGES for file in (ROOT / package).rglob("[!_]*.py")):
        name = ".".join(file.relative_to(ROOT).with_suffix("").parts)
        module = importlib.import_module(name)
        for item in (*_named(module), *_called(module, file)):
            found.setdefault((item.pattern.pattern, item.pattern.flags), item)
    return list(found.values())


def _named(module: ModuleType) -> Iterator[Found]:
    for name, value in vars(module).items():
        for position, pattern in enumerate(_within(value, 4)):
            yield Found(f"{module.__name__}:{name}" + (f"[{position}]" if position else ""), pattern)


def _within(value: object, depth: int) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif depth and isinstance(value, dict):
        yield from (pattern for item in value.values() for pattern in _within(item, depth - 1))
    elif depth and isinstance(value, tuple | list | frozenset | set):
        yield from (pattern for item in value for pattern in _within(item, depth - 1))
    elif depth and is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from _within(getattr(value, field.name), depth - 1)


def _called(module: ModuleType, file: Path) -> Iterator[Found]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and _is_re(node.func) and node.args:
            try:
                value = eval(compile(ast.Expression(node.args[0]), file, "eval"), vars(module))
                flags = [
                    argument
                    for argument in (*node.args[1:], *(word.value for word in node.keywords))
                    if _is_flag(argument)
                ]
                combined = 0
                for flag in flags:
                    combined |= eval(compile(ast.Expression(flag), file, "eval"), vars(module))
            except NameError:  # made of what only a function knows; its parts stand elsewhere
                continue
            yield Found(f"{module.__name__}:{node.lineno}", re.compile(value, combined))


def _is_re(function: ast.expr) -> bool:
    return (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Name)
        and function.value.id == "re"
        and function.attr in RE_FUNCTIONS
    )


def _is_flag(node: ast.expr) -> bool:
    names = [part for part in ast.walk(node) if isinstance(part, ast.Attribute)]
    return bool(names) and all(isinstance(part.value, ast.Name) and part.value.id == "re" for part in names)


def texts(pattern: re.Pattern[Any]) -> list[tuple[str, str, str]]:
    """(before, repeated, after): what a pattern matches, cut and repeated in many ways."""
    chance = random.Random(SEED)
    source = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    tree = _parser.parse(source, pattern.flags & ~re.UNICODE if isinstance(pattern.pattern, bytes) else pattern.flags)
    samples = [_sample(tree, chance) for _ in range(OPENINGS)]
    pieces = {_sample(part, chance) for part in _parts(tree)} - {""}
    units = [*UNITS, *sorted(pieces, key=len)[:60], *(sample for sample in samples if sample)]
    made = [("", unit, ending) for unit in units for ending in ENDINGS[:2]]
    made += [
        (sample[: chance.randint(0, len(sample))], chance.choice(units), chance.choice(ENDINGS))
        for sample in samples
        for _ in range(25)
    ]
    made += [("", chance.choice(units) + chance.choice(units), chance.choice(ENDINGS)) for _ in range(60)]
    return list(dict.fromkeys(made))


def _parts(tree: Any) -> Iterator[Any]:
    """Every part of a pattern that is repeated, and every alternative."""
    for _, value in tree:
        for part in value if isinstance(value, tuple | list) else (value,):
            inner = part if isinstance(part, list) else [part]
            for item in inner:
                if isinstance(item, _parser.SubPattern):
                    yield item
                    yield from _parts(item)


def _sample(tree: Any, chance: random.Random) -> str:
    return "".join(_one(operator, value, chance) for operator, value in tree)


def _one(operator: Any, value: Any, chance: random.Random) -> str:
    if operator in REPEATS:
        least, most, part = value
        return "".join(_sample(part, chance) for _ in range(chance.randint(least, min(int(most), least + 2))))
    match operator:
        case _constants.LITERAL:
            return chr(value)
        case _constants.NOT_LITERAL | _constants.ANY:
            return "a" if value != ord("a") else "b"
        case _constants.IN:
            return _of_class(value, chance)
        case _constants.BRANCH:
            return _sample(chance.choice(value[1]), chance)
        case _constants.SUBPATTERN:
            return _sample(value[3], chance)
        case _:
            return _sample(value, chance) if operator is _constants.ATOMIC_GROUP else ""


REPEATS = (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT)
CATEGORIES = {"DIGIT": "1", "SPACE": " ", "WORD": "a", "NOT_DIGIT": "a", "NOT_SPACE": "a", "NOT_WORD": "."}


def _of_class(items: Sequence[tuple[Any, Any]], chance: random.Random) -> str:
    if items and items[0][0] is _constants.NEGATE:
        refused = re.compile(
            "[" + "".join(re.escape(chr(value)) for kind, value in items[1:] if kind is _constants.LITERAL) + "\0]"
        )
        return next(sign for sign in 'a .1é,\n"' if not refused.match(sign))
    kind, value = chance.choice(list(items))
    if kind is _constants.RANGE:
        return chr(chance.randint(*value))
    if kind is _constants.CATEGORY:
        return CATEGORIES[str(value).removeprefix("CATEGORY_").replace("UNI_", "").replace("LOC_", "")]
    return chr(value) if isinstance(value, int) else "a"


def growth(use: Callable[[Any], object], once: Any, twice: Any, most: float, quick: float = 0.0) -> float:
    """How much longer the second text takes, in processor time of this thread; 1 where the first takes next to none.

    What else the machine does can only disturb: what is above ``most`` is measured again, twice.

    Args:
        quick: seconds that count as next to none.
    """
    if _seconds(use, once, 1) < quick:
        return 1.0
    ratios: list[float] = []
    while not ratios or (min(ratios) > most and len(ratios) < 3):
        ratios.append(_seconds(use, twice, 2) / _seconds(use, once, 3))
    return min(ratios)


def _seconds(use: Callable[[Any], object], text: Any, rounds: int) -> float:
    """The least of so many rounds."""
    best = float("inf")
    gc.disable()  # it looks at everything that there is, not only at what this makes
    try:
        for _ in range(rounds):
            started = time.thread_time()
            use(text)
            best = min(best, time.thread_time() - started)
    finally:
        gc.enable()
    return best
