"""``python -m evals.reader``: prepare the training data, train, calibrate, evaluate, and ablate the selection."""

import json
import random
import shutil
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

import click

from assistant.console.output import run
from assistant.embedded.provider import ModelProvider
from assistant.settings import load_settings
from evals.reader.calibrate import cross_validated, fitted, worth
from evals.reader.claims import kinds_caught
from evals.reader.close import close_examples
from evals.reader.examples import Example, Material, Mix, training_examples, written_questions
from evals.reader.recorded import TUNING, record
from evals.reader.thresholds import scan
from evals.reader.tokens import load, save, tokenised
from evals.run.ledger import note_measured, require_tuning
from evals.run.provenance import code_digest
from index.errors import InputError
from index.retrieve.adapter import read_adapter
from index.retrieve.reader import ADAPTER, CLOSE_ADAPTER

DATA = Path("../shared/reader/data")
TUNING_SETS = ("newsroom", "clapnq", TUNING, "practice")
ABLATION_SETS = ("squad2", "clapnq", "mtrag", TUNING, "newsroom")
TEST_SETS = ("squad2", "news-test")
PACKED = ("model.onnx", "tokenizer.json")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """The reader's training: prepare, train, calibrate, evaluate, ablate."""


@main.command(epilog="Example: python -m evals.reader prepare reader-pack --questions 0.35 --ruled 0.7 --own-claims 2")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--data", type=click.Path(exists=True, path_type=Path), default=DATA, show_default=True)
@click.option("--questions", default=1.0, show_default=True, help="Share of the sources' questions; 20 takes all.")
@click.option("--claims", default=1.0, show_default=True, help="Share of the sources' claims.")
@click.option("--ruled", default=1.0, show_default=True, help="Share of the claims made by rule.")
@click.option("--own-claims", default=1, show_default=True, help="How many times our own claims are examples.")
@click.option("--close", is_flag=True, help="For the adapter that reads single sentences alone.")
@click.option("--seed", default=0, show_default=True)
def prepare(folder: Path, data: Path, close: bool, seed: int, **shares: Any) -> None:
    """Pack everything that training needs into FOLDER: tokens, the base model and the adapter to go on from."""
    models = ModelProvider(load_settings())
    base = models.reranker_folder()
    mix, material = Mix(**shares), Material.load(data)
    examples = _close_examples(material, models, seed, mix) if close else training_examples(material, seed, mix)
    tokens = tokenised(examples, base / "tokenizer.json")
    folder.mkdir(parents=True, exist_ok=True)
    save(tokens, folder / "examples.npz")
    for name in PACKED:
        shutil.copyfile(base / name, folder / name)
    shutil.copyfile(ADAPTER, folder / "start.npz")
    over = {"over": {"file": ADAPTER.name, "digest": read_adapter(ADAPTER).digest}} if close else {}
    told = {"examples": len(tokens), "seed": seed, "mix": asdict(mix), "data": _digests(data), **over}
    (folder / "about.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    size = sum(path.stat().st_size for path in folder.iterdir())
    click.echo(f"{len(tokens)} examples, {size / 1e6:.0f} MB in {folder}")


@main.command(epilog="Example: python -m evals.reader train reader-pack --first 8 --to index/retrieve/reader.npz")
@click.argument("folder", type=click.Path(exists=True, path_type=Path))
@click.option("--to", "target", type=click.Path(path_type=Path), help="[default: the file in use]")
@click.option(
    "--first", default=0, show_default=True, help="First layer to train; two cores bear 8, or 4 of sentences."
)
@click.option("--epochs", default=1.0, show_default=True)
@click.option("--data", type=click.Path(exists=True, path_type=Path), default=DATA, show_default=True)
@click.option("--minutes", default=60.0, show_default=True, help="Training ends after so many.")
@click.option("--tokens", default=4096, show_default=True, help="Of a batch, padding included.")
@click.option("--rate", default=4e-4, show_default=True, help="Learning rate of the adapter.")
@click.option("--dropout", default=0.1, show_default=True)
@click.option("--bfloat16", is_flag=True, help="Multiply in bfloat16, where the processor or GPU has it.")
@click.option("--seed", default=0, show_default=True)
def train(folder: Path, target: Path | None, data: Path, **options: Any) -> None:
    """Train the adapter on what FOLDER holds, on a GPU where there is one; needs the extra ``train``."""
    from evals.reader import train as training
    from evals.reader.orders import order_head

    about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    over = about.get("over")
    target = target or (CLOSE_ADAPTER if over else ADAPTER)
    if over and not (target.name != over["file"] and target.with_name(over["file"]).exists()):
        raise InputError(
            f"--to {target} has no {over['file']} beside it, or is it", f"name another file beside {ADAPTER}"
        )
    chosen = training.Options(**options)
    start = read_adapter(folder / "start.npz")
    network = training.train(load(folder / "examples.npz"), folder / "model.onnx", start, chosen, click.echo)
    training.save(network, start, target, about, chosen)
    if not over:
        click.echo("fitting the head for orders")
        training.add_head(target, "order", order_head(folder, read_adapter(target), data, chosen.seed))
    click.echo(f"{target}: {target.stat().st_size / 1e6:.1f} MB")


@main.command(epilog="Example: python -m evals.reader calibrate --suite newsroom --suite clapnq")
@click.option("--data", type=click.Path(exists=True, path_type=Path), default=DATA, show_default=True)
@click.option(
    "--suite", "suites", multiple=True, default=TUNING_SETS, show_default=True, help="A tuning list; repeatable."
)
def calibrate(data: Path, suites: tuple[str, ...]) -> None:
    """Fit the constants of assistant/evidence/confidence.py on the tuning lists; print them and their worth."""
    for name in suites:
        if name != TUNING:
            require_tuning(name)
    models = ModelProvider(load_settings())
    sets = {name: record(name, models, data, click.echo) for name in suites}
    constants = fitted(sets)
    for name, values in asdict(constants).items():
        click.echo(f"{name.upper()} = {values}")
    for name, found in cross_validated(sets).items():
        click.echo(f"{name}, cross-validated: {found}")
    click.echo(str(scan(sets)))


@main.command(epilog="Example: python -m evals.reader evaluate")
@click.option("--data", type=click.Path(exists=True, path_type=Path), default=DATA, show_default=True)
def evaluate(data: Path) -> None:
    """Say what the reader in use is worth on the test lists, and which false claims it catches."""
    from evals.reader.calibrate import in_use

    models = ModelProvider(load_settings())
    for name in TEST_SETS:
        found = record(name, models, data, click.echo)
        click.echo(f"{name}: {worth([(asked, in_use()) for asked in found])}")
        click.echo(note_measured(name, "reader evaluate", code_digest(), len(found)))
    reader = models.reader()
    if reader is not None:
        for line in kinds_caught(reader, data):
            click.echo(line)


@main.command(epilog="Example: python -m evals.reader ablate")
@click.option("--data", type=click.Path(exists=True, path_type=Path), default=DATA, show_default=True)
def ablate(data: Path) -> None:
    """Say what each rule of the selection is worth, with and without it, on lists that it was not written for."""
    from evals.reader.ablate import effects, slices

    models = ModelProvider(load_settings())
    lists = {name: record(name, models, data, click.echo) for name in ABLATION_SETS}
    lists |= {f"newsroom: {tag}": part for tag, part in slices(lists["newsroom"]).items()}
    for effect in effects(lists):
        click.echo(str(effect))


def _close_examples(material: Material, models: ModelProvider, seed: int, mix: Mix) -> list[Example]:
    reader, draw = models.reader(), random.Random(seed)
    if reader is None:
        raise InputError("the setting reranker is none", "set ASSISTANT_RERANKER=local")
    written = written_questions("train", material.articles, draw)
    found = [*close_examples(material.questions, written, reader, mix.questions, draw)]
    found += material.claim_examples(mix, draw)
    draw.shuffle(found)
    return found


def _digests(data: Path) -> dict[str, str]:
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in sorted(data.glob("*.xz"))}


if __name__ == "__main__":
    run(main, "evals.reader")
