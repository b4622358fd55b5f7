"""Records the embedding model and the splitting that an index was made with, and refuses to mix in others."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np

from index.embed.local import Embedder
from index.errors import UnfitError
from index.split.chunks import CHUNKING

PROBE = "The ministers met in the capital on Thursday."
PROBE_SIMILARITY = 0.98  # the same int8 model on another processor differs by less; another model by far more
REBUILD = "make it anew from its own articles: Library.rebuild()"


@dataclass(frozen=True, slots=True)
class Identity:
    """What an index was made with.

    Attributes:
        probe: the vector of ``PROBE``, as JSON; it tells models of one name apart.
        chunking: ``index.split.chunks.CHUNKING`` of that time.
    """

    embedder: str
    dimension: int
    probe: str
    chunking: str = CHUNKING

    @classmethod
    def of(cls, embedder: Embedder) -> "Identity":
        """The identity of an index that ``embedder`` makes now."""
        probe = [round(float(value), 4) for value in embedder.embed_query(PROBE)]
        return cls(embedder.name, embedder.dimension, json.dumps(probe))

    @classmethod
    def from_mapping(cls, values: Mapping[str, object]) -> "Identity":
        """Read from what ``to_mapping`` gave, or from the metadata of the first format, which named no chunking."""
        return cls(
            str(values["embedder"]),
            int(str(values["dimension"])),
            str(values["probe"]),
            str(values.get("chunking", CHUNKING)),
        )

    def to_mapping(self) -> dict[str, str | int]:
        return asdict(self)

    def check_name(self, embedder: Embedder) -> None:
        """Refuse another model by its name, and another way of cutting texts; loads nothing.

        Raises:
            UnfitError: naming both and the way out.
        """
        made_with = f"{self.embedder} ({self.dimension} dimensions)"
        asked_for = f"{embedder.name} ({embedder.dimension} dimensions)"
        if made_with != asked_for:
            problem = f"the index was made with {made_with}, the settings ask for {asked_for}"
            raise UnfitError(problem, f"set embeddings_model to the one it was made with, or {REBUILD}")
        if self.chunking != CHUNKING:
            problem = f"the index holds texts cut in another way ({self.chunking}) than this version does ({CHUNKING})"
            raise UnfitError(problem, REBUILD)

    def check(self, embedder: Embedder) -> None:
        """Refuse another model, even under the same name.

        Raises:
            UnfitError: naming both and the way out.
        """
        self.check_name(embedder)
        similarity = self._similarity(embedder)
        if similarity < PROBE_SIMILARITY:
            problem = f"{embedder.name} gives other vectors than when the index was made (similarity {similarity:.2f})"
            raise UnfitError(problem, f"set embeddings_model to the one it was made with, or {REBUILD}")

    def fits(self, embedder: Embedder) -> bool:
        """Whether vectors of this index and of ``embedder`` may be mixed."""
        if (self.embedder, self.dimension, self.chunking) != (embedder.name, embedder.dimension, CHUNKING):
            return False
        return self._similarity(embedder) >= PROBE_SIMILARITY

    def _similarity(self, embedder: Embedder) -> float:
        probe = np.array(json.loads(self.probe), dtype=np.float32)
        return float(probe @ embedder.embed_query(PROBE))
