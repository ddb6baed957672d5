"""The reward model on people's real comparisons, beside the controls: longer wins, and shuffled labels.

The data stay where they are: `--data` is a folder with train.jsonl.gz and heldout.jsonl.gz (rows with source, prompt,
chosen, rejected). scikit-learn is not in this environment, so TF-IDF with logistic regression is not run here.
"""

import argparse
import gzip
import json
import tempfile
from pathlib import Path

from alignment.preferences import Comparison, write_rows
from alignment.reward_model.config import RewardModelConfig
from alignment.reward_model.stage import train_reward_model
from benchmarks import results


def snapshot_of(data: Path, source: str, limit: int | None, folder: Path) -> Path:
    """Writes the rows of one source as a snapshot; a prompt's split is the data's own."""
    folder.mkdir(parents=True)
    for split in ("train", "heldout"):
        with gzip.open(data / f"{split}.jsonl.gz", "rt", encoding="utf-8") as lines:
            rows = [row for row in map(json.loads, lines) if row["source"] == source]
        comparisons = [
            Comparison.model_validate(
                {
                    "id": f"{split}-{number}",
                    "prompt": row["prompt"],
                    "chosen": row["chosen"],
                    "rejected": row["rejected"],
                    "rater": "",
                    "source": "file",
                }
            )
            for number, row in enumerate(rows[:limit])
        ]
        write_rows(folder / f"comparisons.{split}.jsonl", comparisons)
        write_rows(folder / f"thumbs.{split}.jsonl", [])
    return folder


def main() -> None:
    """Trains, judges and writes the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--source", default="hh_harmless")
    parser.add_argument("--model", type=Path, default=Path("models/starter"))
    parser.add_argument("--epochs", type=float, default=3.0)
    parser.add_argument("--learning-rate", type=float, default=5e-4)
    parser.add_argument("--max-length", type=int, default=384)
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
    with tempfile.TemporaryDirectory() as name:
        snapshot = snapshot_of(arguments.data, arguments.source, arguments.limit, Path(name) / "snapshot")
        report = train_reward_model(
            config,
            snapshot=snapshot,
            base_model=arguments.model,
            out=Path(name) / "out",
            seed=arguments.seed,
            resume=False,
        )
    lines = [f"Held-out accuracy on `{arguments.source}`, 95 % Wilson intervals.", "", "| what | accuracy |"]
    lines += ["| --- | --- |", f"| reward model | {report.heldout.accuracy} |"]
    lines += [f"| the longer answer wins | {report.longer_wins.accuracy} |"]
    if report.shuffled is not None:
        lines += [f"| trained on shuffled labels | {report.shuffled.accuracy} |"]
    print("\n".join(lines))
    print(results.write("real-preferences", report.model_dump(), lines))


if __name__ == "__main__":
    main()
