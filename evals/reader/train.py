"""Trains the adapter and the heads.

Sentences, answers and claims each have their loss; the sentence's is the marginal likelihood that one of the
gold sentences answers, or nothing (Clark & Gardner, ACL 2018), beside the binary one. With ``first`` above 0 the lower
layers stay as the given adapter has them: what they give is computed once, by the int8 model that will be used, and the
rest learns from that several times as fast.
"""

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from evals.reader.network import RANK, SCALE, Network
from evals.reader.tokens import Tokens
from index.retrieve.adapter import Adapter
from index.retrieve.cross_encoder import Array, CrossEncoder

Report = Callable[[str], None]
WEIGHTS: Mapping[str, float] = {
    "sentence": 2.0,
    "choice": 0.5,
    "answers": 1.0,
    "span": 0.5,
    "support": 1.0,
}


WARM_UP, LAST_RATE = 0.06, 0.02  # shares: of the steps in which the rate rises, and of the rate at the end


@dataclass(frozen=True, slots=True)
class Options:
    """How to train.

    Attributes:
        first: the first layer that is trained, from 0 of 12.
        tokens: in a batch, padding included.
        rate: of the adapter; the heads' is ``head_rate``.
        minutes: training ends after so many, on the schedule of ``epochs`` if that is shorter.
        dropout: half of a step's time on two cores goes into its random numbers.
        bfloat16: multiply in it; several times as fast on processors and GPUs that have it.
    """

    first: int = 0
    epochs: float = 1.0
    tokens: int = 4096
    rate: float = 4e-4
    head_rate: float = 2e-3
    minutes: float = 60.0
    dropout: float = 0.1
    bfloat16: bool = False
    seed: int = 0


def train(examples: Sequence[Tokens], model: Path, adapter: Adapter, options: Options, report: Report) -> Network:
    """The network after training, on a GPU where there is one."""
    torch.manual_seed(options.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = Network(model, adapter, options.first, options.dropout).to(device)
    states = lower_states(examples, model.parent, adapter, options.first, report) if options.first else None
    adapters = [p for p in network.layers.parameters() if p.requires_grad]
    groups = [
        {"params": adapters, "lr": options.rate},
        {"params": list(network.heads.parameters()), "lr": options.head_rate},
    ]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.01)
    steps = int(options.epochs * len(list(_batches(examples, options, random.Random(0)))))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda n: min(1, n / (WARM_UP * steps)) * max(LAST_RATE, 1 - n / steps)
    )
    draw, started, means, step = random.Random(options.seed), time.monotonic(), dict[str, float](), 0
    network.train()
    while step < steps:
        for batch in _batches(examples, options, draw):
            chosen = [examples[i] for i in batch]
            inputs, mask = _inputs(chosen, None if states is None else [states[i] for i in batch], network, device)
            with torch.autocast(device.type, torch.bfloat16, enabled=options.bfloat16):
                found = network(inputs, mask)
            losses = _losses({name: logits.float() for name, logits in found.items()}, chosen, mask)
            total = torch.stack([WEIGHTS[name] * loss for name, loss in losses.items()]).sum()
            optimiser.zero_grad(set_to_none=True)
            total.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_([p for p in network.parameters() if p.requires_grad], 1.0)
            optimiser.step()
            schedule.step()
            step += 1
            for name, loss in losses.items():
                value = float(loss.detach())
                means[name] = 0.98 * means.get(name, value) + 0.02 * value
            if step % 50 == 0:
                shown = " ".join(f"{name} {mean:.3f}" for name, mean in means.items())
                report(f"step {step} of {steps}, {time.monotonic() - started:.0f} s: {shown}")
            if step >= steps or time.monotonic() - started > 60 * options.minutes:
                return network.eval()
    return network.eval()


def save(network: Network, start: Adapter, path: Path, about: Mapping[str, Any], options: Options) -> None:
    """Write the adapter; what was not trained is that of ``start``, or left to the file that it lies ``over``."""
    kept = {name: array.astype(np.float16) for name, array in start.arrays.items()}
    found = {**kept, **network.arrays()}
    if about.get("over"):
        found = {name: array for name, array in found.items() if not np.array_equal(array, kept[name])}
    told = {**about, "scale": SCALE, "rank": RANK, "options": asdict(options)}
    arrays: dict[str, NDArray[Any]] = {**found, "about": np.array(json.dumps(told))}
    np.savez_compressed(path, allow_pickle=False, **arrays)


def add_head(path: Path, name: str, head: tuple[Array, Array]) -> None:
    """Put a head into an adapter's file, in place of one of its name."""
    with np.load(path, allow_pickle=False) as stored:
        arrays: dict[str, NDArray[Any]] = {key: stored[key] for key in stored.files}
    arrays |= {f"{name}.weight": head[0], f"{name}.bias": head[1]}
    np.savez_compressed(path, allow_pickle=False, **arrays)


def lower_states(
    examples: Sequence[Tokens], folder: Path, adapter: Adapter, first: int, report: Report
) -> list[NDArray[np.float16]]:
    """What layer ``first`` - 1 of the int8 model gives for each example, of shape (tokens, WIDTH)."""
    encoder = CrossEncoder(folder, (first - 1,), adapter)
    encoder.load()
    found: list[NDArray[np.float16]] = []
    for start in range(0, len(examples), 2000):
        part = examples[start : start + 2000]
        found += [layers[0].astype(np.float16) for layers in encoder.states([(e.ids, e.asked) for e in part])]
        report(f"{len(found)} of {len(examples)} examples read by the lower layers")
    return found


def _batches(examples: Sequence[Tokens], options: Options, draw: random.Random) -> Iterator[list[int]]:
    """Positions of examples of like length, in random order, each once."""
    order = sorted(range(len(examples)), key=lambda i: len(examples[i].ids) + draw.random() * 24)
    found: list[list[int]] = [[]]
    for i in order:
        if len(examples[i].ids) * (len(found[-1]) + 1) > options.tokens:
            found.append([])
        found[-1].append(i)
    draw.shuffle(found)
    yield from found


def _inputs(
    batch: Sequence[Tokens], states: Sequence[NDArray[np.float16]] | None, network: Network, device: torch.device
) -> tuple[Tensor, Tensor]:
    sizes = torch.tensor([len(example.ids) for example in batch])
    longest = int(sizes.max())
    mask = (torch.arange(longest)[None, :] < sizes[:, None]).to(device)
    if states is not None:
        padded = np.zeros((len(batch), longest, states[0].shape[1]), dtype=np.float32)
        for row, state in enumerate(states):
            padded[row, : len(state)] = state
        return torch.from_numpy(padded).to(device), mask
    ids = torch.zeros(len(batch), longest, dtype=torch.long)
    types = torch.zeros_like(ids)
    for row, example in enumerate(batch):
        ids[row, : len(example.ids)] = torch.from_numpy(example.ids.astype(np.int64))
        types[row, example.asked : len(example.ids)] = 1
    if network.embeddings is None:
        raise ValueError("a network without its lower layers needs their states")
    return network.embeddings(ids.to(device), types.to(device)), mask


def _losses(found: Mapping[str, Tensor], batch: Sequence[Tokens], mask: Tensor) -> dict[str, Tensor]:
    """The losses that the batch has something to say about."""
    device = mask.device
    rows = torch.tensor([row for row, e in enumerate(batch) for _ in e.sentences], device=device)
    places = torch.from_numpy(np.concatenate([e.sentences for e in batch]).astype(np.int64)).to(device)
    sentence = _means(found["sentence"], rows, places)
    gold = torch.from_numpy(np.concatenate([e.gold for e in batch])).float().to(device)
    known = torch.tensor([e.sentences_known for e in batch for _ in e.sentences], device=device)
    losses: dict[str, Tensor] = {}
    if known.any():
        losses["sentence"] = functional.binary_cross_entropy_with_logits(sentence[known], gold[known])
        losses["choice"] = _choice(sentence[known], gold[known], rows[known])
    asked = torch.tensor([e.kind != "claim" for e in batch], device=device)
    answerable = torch.tensor([e.answerable for e in batch], device=device)
    if asked.any():
        losses["answers"] = functional.binary_cross_entropy_with_logits(
            found["answers"][asked], answerable[asked].float()
        )
    spans = torch.tensor([e.span for e in batch], device=device)
    passages = torch.tensor([e.kind == "question" for e in batch], device=device)
    spanned = passages & (spans[:, 0] >= 0) & ((spans[:, 0] > 0) | ~answerable)
    if spanned.any():
        ends = found["span"].masked_fill(~mask[..., None], -1e4)[spanned]
        sides = [functional.cross_entropy(ends[..., side], spans[spanned, side]) for side in (0, 1)]
        losses["span"] = (sides[0] + sides[1]) / 2
    claimed = torch.tensor([e.kind != "question" for e in batch], device=device)
    if claimed.any():
        labels = torch.tensor([e.support for e in batch], device=device)
        losses["support"] = functional.cross_entropy(found["support"][claimed], labels[claimed])
    return losses


def _means(scores: Tensor, rows: Tensor, places: Tensor) -> Tensor:
    """The mean of the tokens' scores for each sentence."""
    sums = functional.pad(scores.cumsum(dim=1), (1, 0))
    return (sums[rows, places[:, 1]] - sums[rows, places[:, 0]]) / (places[:, 1] - places[:, 0]).clamp(min=1)


def _choice(logits: Tensor, gold: Tensor, rows: Tensor) -> Tensor:
    """The mean over texts of minus the logarithm of the probability of gold, among the sentences and nothing."""
    losses = []
    for row in rows.unique():
        own, answers = logits[rows == row], gold[rows == row] > 0
        everything = torch.cat([own, own.new_zeros(1)]).logsumexp(0)
        losses.append(everything - (own[answers].logsumexp(0) if answers.any() else 0.0))
    return torch.stack(losses).mean()
