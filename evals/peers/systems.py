"""The systems that are compared: each library as its documentation sets it up, and one tuned setting of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib import metadata
from importlib.resources import files
from types import MappingProxyType

from evals.run.provenance import AnotherSystem
from index.errors import UsageError

OURS = "ours"
INSTALL = "pip install -e '.[local,evals,peers]'"
# The longest reply, so that a small model that repeats itself comes to an end; for every peer.
MAX_TOKENS = 512
# Small chunks, as LangChain's guide proposes for models that find quoting hard ("break up our documents so that we have
# many documents with only a sentence or two"); as many as fit the embedded model's context, as the assistant's ``k``.
TUNED = "set by what suits the embedded model (small chunks, titles with source and date), not by scores of any list"
# Modules that decide what a peer answers and how it is recorded, beside the one that asks it.
DECIDING = (
    *("evals.exchange.align", "evals.peers.align", "evals.peers.record", "evals.peers.refusals"),
    *("evals.peers.reply", "evals.peers.systems"),
)
# Settings of the assistant that hold for every system.
SHARED = frozenset(
    "model base_url temperature seed context_tokens reasoning_effort embeddings_model embeddings_base_url local_model"
    " threads timeout_seconds retries".split()
)


@dataclass(frozen=True, slots=True)
class System:
    """A library with its settings.

    Attributes:
        module: of this room, asks it.
        needs: packages of the extra, by the names that are imported.
        packages: distributions whose versions are recorded.
        settings: what ``module`` takes.
        source: the documentation that the setting follows, or what it was chosen on.
    """

    name: str
    module: str
    needs: tuple[str, ...]
    packages: tuple[str, ...]
    settings: Mapping[str, int | bool]
    source: str


_LANGCHAIN = (
    "with_langchain",
    ("langchain_text_splitters",),
    ("langchain-core", "langchain-openai", "langchain-text-splitters"),
)
_LLAMAINDEX = ("with_llamaindex", ("llama_index",), ("llama-index-core", "langchain-core", "langchain-openai"))
SYSTEMS: Mapping[str, System] = MappingProxyType({
    system.name: system
    for system in (
        System(
            "langchain", *_LANGCHAIN,
            {"chunk_size": 1000, "chunk_overlap": 200, "k": 4, "dated": False},
            "python.langchain.com: tutorial “Build a RAG App” (splitter, k), how-to “add citations”, “Cite snippets”",
        ),
        System(
            "langchain-tuned", *_LANGCHAIN,
            {"chunk_size": 400, "chunk_overlap": 0, "k": 8, "dated": True},
            TUNED,
        ),
        System(
            "llamaindex", *_LLAMAINDEX,
            {"chunk_size": 1024, "chunk_overlap": 200, "citation_chunk_size": 512, "k": 3, "dated": False},
            "docs.llamaindex.ai: example “CitationQueryEngine”",
        ),
        System(
            "llamaindex-tuned", *_LLAMAINDEX,
            {"chunk_size": 256, "chunk_overlap": 20, "citation_chunk_size": 128, "k": 6, "dated": True},
            TUNED,
        ),
    )
})  # fmt: skip
NAMES = (*SYSTEMS, OURS)


def require_extra(systems: tuple[System, ...]) -> None:
    """Check that the packages of the extra are installed.

    Raises:
        UsageError: one is not.
    """
    from importlib.util import find_spec

    needed = dict.fromkeys(package for system in systems for package in system.needs)
    if missing := [package for package in needed if find_spec(package) is None]:
        asked = ", ".join(system.name for system in systems if set(missing) & set(system.needs))
        raise UsageError(f"{asked}: not installed: {', '.join(missing)}", f"install the extra: {INSTALL}")


def origin_of(system: System) -> AnotherSystem:
    """What decides the answers of a system, beside the models."""
    digest = sha256()
    for name in sorted((*DECIDING, f"evals.peers.{system.module}")):
        source = files("evals").joinpath(*name.split(".")[1:-1], f"{name.rpartition('.')[2]}.py")
        digest.update(f"{name}\0".encode() + sha256(source.read_bytes()).digest())
    return AnotherSystem(
        code=digest.hexdigest(),
        packages={name: metadata.version(name) for name in system.packages},
        settings={"system": system.name, **{f"peer.{name}": str(value) for name, value in system.settings.items()}},
        shared=SHARED,
        weights=frozenset({"embeddings", "llm"}),
    )
