"""Records where a run's numbers come from: code, packages, models, settings, machine."""

import os
import platform
import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib import metadata, resources
from pathlib import Path

from assistant.cassettes.cassette import cassette_of
from assistant.settings import Settings, explain_settings
from evals.questions.schema import StrictModel
from index.articles import Article
from index.retrieve.reader import adapters_digest
from index.weights.folder import ASSETS, Asset

ROOT = Path(__file__).resolve().parents[2]
ANSWERING = ("assistant", "index", "prompts")  # packages that decide what is answered
DISTRIBUTION = "news-assistant"
EXTRACTIVE = "extractive"  # stands in the place of a model where none writes
DEVELOPMENT = re.compile(r"extra == ['\"]dev['\"]")  # tools that no answer depends on
NAME = re.compile(r"^[\w.-]*")
LEDGERS = ":!evals/suites/ledger.jsonl"  # a look at a test list changes nothing of what is looked at
NOT_ANSWERING = frozenset({"prompts/judge.md"})
# Of a cassette it counts which one is played, and not whether requests without a reply are written down.
LEFT_OUT = frozenset({"api_key", "embeddings_api_key", "chroma_url", "chroma_token", "cassette_mode"})


class Provenance(StrictModel):
    """What has to be the same for two answers to be comparable.

    Attributes:
        system: the other system whose answers were imported; empty for this one.
        commit, dirty: of the checkout; empty and None where there is none.
        code: SHA-256 over the files of the packages that answer, or over imported answers; a run goes on only with the
            same.
        packages: name → version of what the project depends on, without its development tools.
        prompts: name → SHA-256.
        weights: role → SHA-256 of the embedded models that these settings use.
        settings: name → value as shown to people.
        articles: SHA-256 over ids and digests of the articles.
        machine: what it ran on.
    """

    system: str = ""
    commit: str
    dirty: bool | None
    code: str
    packages: Mapping[str, str]
    prompts: Mapping[str, str]
    model: str
    weights: Mapping[str, str]
    settings: Mapping[str, str]
    articles: str
    machine: Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class AnotherSystem:
    """A system that answers in the assistant's place.

    Attributes:
        code: SHA-256 of what asks it.
        packages: name → version of what it is made of.
        settings: name → value of what was chosen for it.
        shared: names of the assistant's settings that hold for it too.
        weights: roles of the embedded models that it uses too.
    """

    code: str
    packages: Mapping[str, str]
    settings: Mapping[str, str]
    shared: frozenset[str]
    weights: frozenset[str]


def of_another_system(origin: Provenance, system: AnotherSystem) -> Provenance:
    """Where the numbers of another system come from; ``origin`` is the assistant's, with the same settings."""
    shared = {name: value for name, value in origin.settings.items() if name in system.shared}
    return origin.model_copy(
        update={
            "code": system.code,
            "packages": dict(system.packages),
            "prompts": {},
            "weights": {role: digest for role, digest in origin.weights.items() if role in system.weights},
            "settings": {**shared, **system.settings},
        }
    )


def gather(settings: Settings, overrides: Mapping[str, object], articles: Iterable[Article]) -> Provenance:
    """Everything that decides the answers, as it is now.

    Args:
        overrides: the settings that the run sets itself.
    """
    shown = {item.name: item.value for item in explain_settings(**overrides) if item.name not in LEFT_OUT}
    local = {"embeddings": settings.uses_local_embeddings, "reranker": settings.reranker == "local"}
    local["llm"] = settings.uses_local_llm and settings.local_model is None
    weights: dict[str, str] = {asset.role: _weights(asset) for asset in ASSETS if local.get(asset.role)}
    if local["reranker"]:
        weights["reader"] = adapters_digest()
    cassette = cassette_of(settings)
    unsaid = {"index", "models_dir", "prices", *(() if cassette and cassette.plays else ("cassette",))}
    return Provenance(
        commit=commit_in_use(),
        dirty=None if (changes := _git("status", "--porcelain", "--", ".", LEDGERS)) is None else bool(changes),
        code=code_digest(),
        packages=_packages(),
        prompts=_prompts(),
        model=settings.chat_model or "",
        weights=weights,
        settings={name: value for name, value in shown.items() if name not in unsaid},
        articles=articles_digest(articles),
        machine=_machine(),
    )


def without_language_model(origin: Provenance) -> Provenance:
    """Where the numbers of answers come from that are the sentences themselves."""
    weights = {role: digest for role, digest in origin.weights.items() if role != "llm"}
    return origin.model_copy(update={"model": EXTRACTIVE, "weights": weights})


def commit_in_use() -> str:
    """The commit of this checkout; empty where there is none."""
    return _git("rev-parse", "HEAD") or ""


def code_digest(packages: Iterable[str] = ANSWERING, root: Path = ROOT) -> str:
    """SHA-256 over names and contents of the packages' files, weights among them; compiled files do not count."""
    digest = sha256()
    for package in sorted(packages):
        for file in sorted((root / package).rglob("*")):
            name = file.relative_to(root).as_posix()
            if file.suffix in {".py", ".md", ".npy", ".npz"} and name not in NOT_ANSWERING:
                digest.update(f"{name}\0".encode() + sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def articles_digest(articles: Iterable[Article]) -> str:
    """SHA-256 over ids and digests, whatever the order."""
    lines = sorted(f"{article.id}\0{article.digest}" for article in articles)
    return sha256("\n".join(lines).encode()).hexdigest()


def _git(*arguments: str) -> str | None:
    """What git says of this checkout; None without git or checkout."""
    # A repository may name a program to watch its files; and the state of the checkout is not written down in it.
    command = ["git", "--no-optional-locks", "-c", "core.fsmonitor=false", "-C", str(ROOT), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):  # no git, or an installed package
        return None
    return done.stdout.strip()


def _packages() -> dict[str, str]:
    try:
        requirements = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:  # run from a folder of sources
        return {}
    found = {}
    for name in sorted({NAME.findall(text)[0] for text in requirements if not DEVELOPMENT.search(text)}):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:  # of an extra that is not installed
            continue
    return found


def _prompts() -> dict[str, str]:
    files = (item for item in resources.files("prompts").iterdir() if item.name.endswith(".md"))
    return {item.name.removesuffix(".md"): sha256(item.read_bytes()).hexdigest() for item in files}


def _weights(asset: Asset) -> str:
    return sha256("".join(file.sha256 for file in asset.files).encode()).hexdigest()


def _machine() -> dict[str, str | int]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    found: dict[str, str | int] = {
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "processor": _processor(),
        "cores": cores,
    }
    if "SC_PHYS_PAGES" in getattr(os, "sysconf_names", {}):
        found["memory_bytes"] = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return found


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.is_file() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())
