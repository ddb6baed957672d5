"""`python -m models.recipe [--config FILE] [--resume] [--stop-after MINUTES]`: make the starter model from nothing."""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path

from models.recipe.config import InvalidConfig, RecipeConfig, read_config

NOT_FINISHED = 75


def main() -> int:
    """Run every step of the recipe; return the process's exit code.

    64: wrong usage. 75: stopped before the last step, as asked; `--resume` goes on.
    """
    parser = argparse.ArgumentParser(prog="python -m models.recipe", description="Make the starter model.")
    parser.add_argument("--config", type=Path, help="a TOML file; the defaults make the committed model")
    parser.add_argument("--resume", action="store_true", help="continue from the last checkpoint in the work folder")
    parser.add_argument("--work-dir", type=Path, help="folder of the checkpoint, instead of the config's")
    parser.add_argument(
        "--stop-after", type=float, default=math.inf, metavar="MINUTES", help="stop at the first checkpoint after these"
    )
    arguments = parser.parse_args()
    try:
        config = read_config(arguments.config)
    except InvalidConfig as error:
        sys.stderr.write(f"{error}\n")
        return 64
    if arguments.work_dir is not None:
        config = config.model_copy(update={"work_dir": arguments.work_dir})
    return _run(config, resume=arguments.resume, stop_after_s=60 * arguments.stop_after)


def _run(config: RecipeConfig, *, resume: bool, stop_after_s: float = math.inf) -> int:
    # Imported here so that --help and a wrong config answer without loading torch.
    from models.recipe.evaluate import evaluate
    from models.recipe.export import export
    from models.recipe.tokenizer import load_tokenizer, train_tokenizer
    from models.recipe.train import CannotResume, train

    saved = config.work_dir / "tokenizer"
    if not (resume and saved.exists()):
        train_tokenizer(config.tokenizer, config.seed).save_pretrained(saved)
    # Loaded in either case: a loaded one says so in its settings, and a resumed run must export the same bytes.
    tokenizer = load_tokenizer(saved)
    try:
        model = train(config, tokenizer, resume=resume, stop_after_s=stop_after_s)
    except CannotResume as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if model is None:
        sys.stderr.write(f"Stopped at a checkpoint in {config.work_dir}; --resume goes on from there.\n")
        return NOT_FINISHED
    export(config, model, tokenizer, evaluate(config, model, tokenizer))
    return 0


if __name__ == "__main__":
    sys.exit(main())
