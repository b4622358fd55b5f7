"""The cross-encoder in PyTorch with an adapter and the reader's heads, for training.

The weights are those of the model file, made float32 again; the adapter's matrices and the heads are what is learned.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from index.retrieve.adapter import ENCODER_LAYERS, PLACES, Adapter, dequantised, initializers, weight_name
from index.retrieve.reader import LAYERS

WIDTH, HEADS = 384, 12
RANK, SCALE = 32, 2.0
MODULES: Mapping[str, str] = {
    "query": "attention.self.query", "key": "attention.self.key", "value": "attention.self.value",
    "attended": "attention.output.dense", "widened": "intermediate.dense", "narrowed": "output.dense",
}  # fmt: skip
HEAD_SIZES: Mapping[str, tuple[int, int]] = {
    "sentence": (len(LAYERS) * WIDTH, 1),
    "answers": (WIDTH, 1), "span": (WIDTH, 2), "support": (WIDTH, 3),
}  # fmt: skip


class Adapted(nn.Module):
    """A linear layer whose weights stay, and a low-rank change of them that is learned."""

    def __init__(self, weight: NDArray[np.float32], bias: NDArray[np.float32], rank: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.from_numpy(np.ascontiguousarray(weight)), requires_grad=False)
        self.bias = nn.Parameter(torch.from_numpy(np.array(bias)), requires_grad=False)
        self.a = nn.Parameter(torch.randn(rank, weight.shape[1]) / rank)
        self.b = nn.Parameter(torch.zeros(weight.shape[0], rank))

    def forward(self, states: Tensor) -> Tensor:
        """States of shape (…, inputs) to (…, outputs)."""
        plain = functional.linear(states, self.weight, self.bias)
        return plain + SCALE * functional.linear(functional.linear(states, self.a), self.b)


class Layer(nn.Module):
    """A layer of BERT (Devlin et al., NAACL 2019)."""

    def __init__(self, number: int, arrays: Mapping[str, NDArray[np.float32]], dropout: float) -> None:
        super().__init__()
        prefix = f"bert.encoder.layer.{number}"
        for place, module in MODULES.items():
            weight = dequantised(arrays, weight_name(number, place)).T
            setattr(self, place, Adapted(weight, arrays[f"{prefix}.{module}.bias"], RANK))
        self.first = _norm(arrays, f"{prefix}.attention.output.LayerNorm")
        self.second = _norm(arrays, f"{prefix}.output.LayerNorm")
        self.dropout = dropout

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """States of shape (texts, tokens, WIDTH); ``mask``, of shape (texts, 1, 1, tokens), is True at tokens."""
        query, key, value = (_split(getattr(self, place)(states)) for place in ("query", "key", "value"))
        # By hand: the gradient of PyTorch's fused attention took half of a step of short texts on two cores.
        scores = torch.matmul(query, key.transpose(-1, -2)).float() * query.shape[-1] ** -0.5
        weights = scores.masked_fill(~mask, -1e4).softmax(-1).to(value.dtype)
        mixed = torch.matmul(functional.dropout(weights, self.dropout, self.training), value)
        mixed = self.attended(mixed.transpose(1, 2).flatten(2))
        states = self.first(states + functional.dropout(mixed, self.dropout, self.training))
        widened = self.narrowed(functional.gelu(self.widened(states)))
        result: Tensor = self.second(states + functional.dropout(widened, self.dropout, self.training))
        return result


class Network(nn.Module):
    """The encoder's layers from ``first`` on, and the heads.

    Args:
        model: the ONNX file.
        adapter: where training goes on from; None starts anew.
        first: layers before it are not part of the network; what they give is its input. 0 for all.
    """

    def __init__(self, model: Path, adapter: Adapter | None, first: int = 0, dropout: float = 0.1) -> None:
        super().__init__()
        arrays = initializers(model.read_bytes())
        self.first = first
        self.embeddings = Embeddings(arrays) if first == 0 else None
        self.layers = nn.ModuleList(Layer(number, arrays, dropout) for number in range(first, ENCODER_LAYERS))
        self.heads = nn.ModuleDict({name: nn.Linear(*sizes) for name, sizes in HEAD_SIZES.items()})
        if adapter is not None:
            self._take(adapter)

    def forward(self, states: Tensor, mask: Tensor) -> dict[str, Tensor]:
        """What the heads say.

        Args:
            states: of shape (texts, tokens, WIDTH), as layer ``first`` - 1 gives them.
            mask: of shape (texts, tokens), True where there are tokens.

        Returns:
            ``sentence`` of shape (texts, tokens), ``span`` of (texts, tokens, 2), ``answers`` of (texts,)
            and ``support`` of (texts, 3).
        """
        kept = {self.first - 1: states}
        for number, layer in enumerate(self.layers, start=self.first):
            states = layer(states, mask[:, None, None, :])
            kept[number] = states
        side_by_side = torch.cat([kept[number] for number in LAYERS], dim=-1)
        head = self.heads
        return {
            "sentence": head["sentence"](side_by_side)[..., 0],
            "span": head["span"](states),
            "answers": head["answers"](states[:, 0])[:, 0],
            "support": head["support"](states[:, 0]),
        }

    def arrays(self) -> dict[str, NDArray[np.float16]]:
        """What was learned, under the names that ``index.retrieve.adapter`` gives it."""
        found: dict[str, Tensor] = {}
        for number, layer in enumerate(self.layers, start=self.first):
            for place in PLACES:
                found[f"{number}.{place}.a"] = getattr(layer, place).a
                found[f"{number}.{place}.b"] = getattr(layer, place).b
        for name, head in self.heads.items():
            found |= {f"{name}.weight": head.weight, f"{name}.bias": head.bias}
        return {name: tensor.detach().cpu().numpy().astype(np.float16) for name, tensor in found.items()}

    def _take(self, adapter: Adapter) -> None:
        own = dict(self._named())
        with torch.no_grad():
            for name, tensor in own.items():
                if name in adapter.arrays:
                    tensor.copy_(torch.from_numpy(np.array(adapter.arrays[name])))

    def _named(self) -> Sequence[tuple[str, Tensor]]:
        named: list[tuple[str, Tensor]] = []
        for number, layer in enumerate(self.layers, start=self.first):
            for place in PLACES:
                named += [(f"{number}.{place}.{side}", getattr(getattr(layer, place), side)) for side in "ab"]
        for name, head in self.heads.items():
            named += [(f"{name}.weight", head.weight), (f"{name}.bias", head.bias)]
        return named


class Embeddings(nn.Module):
    """Words, places and segments; they are not learned."""

    def __init__(self, arrays: Mapping[str, NDArray[np.float32]]) -> None:
        super().__init__()
        for name in ("word", "position", "token_type"):
            table = torch.from_numpy(dequantised(arrays, f"bert.embeddings.{name}_embeddings.weight"))
            setattr(self, name, nn.Embedding.from_pretrained(table))
        self.norm = _norm(arrays, "bert.embeddings.LayerNorm")

    def forward(self, ids: Tensor, types: Tensor) -> Tensor:
        """Token ids and segments of shape (texts, tokens) to states of (texts, tokens, WIDTH)."""
        places = torch.arange(ids.shape[1], device=ids.device)
        result: Tensor = self.norm(self.word(ids) + self.position(places) + self.token_type(types))
        return result


def _norm(arrays: Mapping[str, NDArray[np.float32]], name: str) -> nn.LayerNorm:
    norm = nn.LayerNorm(WIDTH, eps=1e-12)
    with torch.no_grad():
        norm.weight.copy_(torch.from_numpy(np.array(arrays[f"{name}.weight"])))
        norm.bias.copy_(torch.from_numpy(np.array(arrays[f"{name}.bias"])))
    for parameter in norm.parameters():
        parameter.requires_grad = False
    return norm


def _split(states: Tensor) -> Tensor:
    """(texts, tokens, WIDTH) to (texts, HEADS, tokens, WIDTH / HEADS)."""
    return states.unflatten(-1, (HEADS, WIDTH // HEADS)).transpose(1, 2)
