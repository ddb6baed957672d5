"""`python -m models.recipe [--config FILE] [--resume]`: make the starter model again from nothing."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from models.recipe.config import InvalidConfig, RecipeConfig, read_config


def main() -> int:
    """Run every step of the recipe; return the process's exit code (64: wrong usage)."""
    parser = argparse.ArgumentParser(prog="python -m models.recipe", description="Make the starter model.")
    parser.add_argument("--config", type=Path, help="a TOML file; the defaults make the committed model")
    parser.add_argument("--resume", action="store_true", help="continue from the last checkpoint")
    arguments = parser.parse_args()
    try:
        config = read_config(arguments.config)
    except InvalidConfig as error:
        sys.stderr.write(f"{error}\n")
        return 64
    return _run(config, resume=arguments.resume)


def _run(config: RecipeConfig, *, resume: bool) -> int:
    # Imported here so that --help and a wrong config answer without loading torch.
    from models.recipe.evaluate import evaluate
    from models.recipe.export import export
    from models.recipe.tokenizer import load_tokenizer, train_tokenizer
    from models.recipe.train import CannotResume, train

    saved = config.work_dir / "tokenizer"
    if resume and saved.exists():
        tokenizer = load_tokenizer(saved)
    else:
        tokenizer = train_tokenizer(config.tokenizer, config.seed)
        tokenizer.save_pretrained(saved)
    try:
        model = train(config, tokenizer, resume=resume)
    except CannotResume as error:
        sys.stderr.write(f"{error}\n")
        return 1
    export(config, model, tokenizer, evaluate(config, model, tokenizer))
    return 0


if __name__ == "__main__":
    sys.exit(main())
