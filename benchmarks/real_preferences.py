"""The reward model on people's real comparisons, beside what needs none: longer wins, shuffled labels, counted words.

The data stay where they are: `--data` is a folder with train.jsonl.gz and heldout.jsonl.gz (rows with source, prompt as
messages, chosen, rejected). `python -m benchmarks.real_preferences --help`.
"""

import argparse
import gzip
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from alignment.preferences import Comparison, write_rows
from alignment.reward_model.config import RewardModelConfig
from alignment.reward_model.report import RewardModelReport
from alignment.reward_model.stage import train_reward_model
from benchmarks import adapted_base, results, tfidf
from evals.statistics import Estimate


def comparisons(data: Path, split: str, source: str, limit: int | None) -> list[Comparison]:
    """The rows of one source and split, which is the data's own: no prompt stands in both.

    Raises:
        SystemExit: There are none of this source; the message names those that there are.
    """
    with gzip.open(data / f"{split}.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    wanted = [row for row in rows if row["source"] == source][:limit]
    if not wanted:
        raise SystemExit(f"{data} has no {source!r} in {split}: {', '.join(sorted({row['source'] for row in rows}))}")
    return [
        Comparison.model_validate(
            {name: row[name] for name in ("prompt", "chosen", "rejected")}
            | {"id": f"{split}-{number}", "rater": "", "source": "file"}
        )
        for number, row in enumerate(wanted)
    ]


def write_snapshot(folder: Path, train: Sequence[Comparison], heldout: Sequence[Comparison]) -> Path:
    """Writes the rows as the snapshot's stage does."""
    folder.mkdir(parents=True)
    for split, rows in (("train", train), ("heldout", heldout)):
        write_rows(folder / f"comparisons.{split}.jsonl", rows)
        write_rows(folder / f"thumbs.{split}.jsonl", [])
    return folder


def base_model(
    arguments: argparse.Namespace, train: Sequence[Comparison], heldout: Sequence[Comparison], folder: Path
) -> tuple[Path, tuple[float, float] | None]:
    """The model to start from; where it is to read first, with nats a token before and after, written to a folder."""
    if arguments.read == 0:
        return arguments.model, None
    nats = adapted_base.read(
        arguments.model,
        train,
        heldout,
        folder,
        epochs=arguments.read,
        learning_rate=arguments.read_learning_rate,
        max_length=arguments.max_length,
    )
    return folder, nats


def table(report: RewardModelReport, words: Estimate, source: str) -> list[str]:
    """The figures for people."""
    rows = {
        "reward model": report.heldout.accuracy,
        "TF-IDF and logistic regression, on the same rows": words,
        "the longer answer wins": report.longer_wins.accuracy,
        "reward model trained on shuffled labels": report.shuffled.accuracy if report.shuffled else None,
    }
    lines = [f"Held-out accuracy on `{source}`, with 95 % Wilson intervals.", ""]
    lines += ["| what | accuracy |", "| --- | --- |"]
    return lines + [f"| {name} | {estimate} |" for name, estimate in rows.items() if estimate is not None]


def main() -> None:
    """Trains, judges and writes the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--source", default="hh_harmless")
    parser.add_argument("--model", type=Path, default=Path("models/starter"))
    parser.add_argument("--epochs", type=float, default=3.0)
    parser.add_argument("--learning-rate", type=float, default=5e-4)
    parser.add_argument("--max-length", type=int, default=384, help="tokens that the reward model sees")
    parser.add_argument(
        "--read",
        type=int,
        default=0,
        help="passes over the conversations first, as a language model",
    )
    parser.add_argument("--read-learning-rate", type=float, default=1e-3)
    parser.add_argument("--limit", type=int, help="rows of each split, to try it out")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    config = RewardModelConfig(
        epochs=arguments.epochs,
        learning_rate=arguments.learning_rate,
        max_length=arguments.max_length,
        save_every=1000,
        eval_every=100,
    )
    train, heldout = (
        comparisons(arguments.data, split, arguments.source, arguments.limit) for split in ("train", "heldout")
    )
    words = tfidf.heldout_accuracy(train, heldout)
    with tempfile.TemporaryDirectory() as name:
        base, nats = base_model(arguments, train, heldout, Path(name) / "base")
        report = train_reward_model(
            config,
            snapshot=write_snapshot(Path(name) / "snapshot", train, heldout),
            base_model=base,
            out=Path(name) / "out",
            seed=arguments.seed,
            resume=False,
        )
    lines = table(report, words, arguments.source)
    if nats is not None:
        lines += ["", "Held-out conversations before and after reading: {:.2f} and {:.2f} nats a token.".format(*nats)]
    figures = {
        "nats_before_and_after_reading": nats,
        "reward_model": report.model_dump(mode="json"),
        "tfidf": words.model_dump(),
        "config": config.model_dump(mode="json"),
    }
    after_reading = "-read" if arguments.read else ""
    path = results.write(f"real-preferences-{arguments.source}{after_reading}", figures, lines)
    print("\n".join([*lines, "", f"written to {path}"]))


if __name__ == "__main__":
    main()
