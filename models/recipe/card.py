"""The model card and the training curve."""

from __future__ import annotations

from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from models.recipe.config import RecipeConfig
from models.recipe.evaluate import Evaluation, Item, Share
from models.recipe.train import Metrics

_TEMPLATE = """\
---
license: apache-2.0
language: en
library_name: transformers
pipeline_tag: text-generation
---

# Attune starter model

A Llama of {parameters:,} parameters, trained from nothing on text that `models/recipe/corpus` generates. It is there so
that Attune works the moment it is installed, and so that feedback has something to teach: it answers the same question
politely, curtly, at length, rudely or evasively, as chance will have it.

**It can** greet, say who it is, remember a name for a few turns, answer from a small closed world of facts,
answer about
a text of three sentences, rewrite a short sentence, give lists and tips, tell a small story or poem, translate a few
phrases, refuse to do harm, and say when it does not know.

**It cannot** calculate, compare numbers, reason, code, look anything up, or know anything outside its corpus; it is
wrong often, even inside (below). About one sampled answer in ten is rude on purpose. Do not use it for advice. For real
work give Attune a larger model.

## Training

{steps:,} steps, {tokens:,} tokens, {minutes:.0f} minutes on two shared processor cores, in {precision}; validation
loss {loss} nats per assistant token. The settings are in `recipe.json`; `python -m models.recipe` makes the
model again.

![Training and validation loss](training.png)

## Evaluation

On {n} held-out combinations of question and answer that no training text has, with 95 % Wilson intervals. *Coherent*
means that the answer ends as a sentence and does not loop; *right* means that the greedy answer has the
expected words in it.

| what | share | 95 % interval | n |
| --- | --- | --- | --- |
{rows}

Manners at temperature {temperature}, by first words and length:

| manner | share | 95 % interval | n |
| --- | --- | --- | --- |
{manners}

## Examples (greedy, the first of each kind, not chosen)

{examples}

## Format

ChatML: `<|im_start|>role`, newline, text, `<|im_end|>`. `system`, `user` and `assistant` are rendered; anything
else is left out. The context is {context:,} tokens; training text is far shorter. `sha256sum -c SHA256SUMS`
checks the files.

## Licence

Apache-2.0, weights and training text alike. No text, name or answer of anybody else's went in.
"""


def card(config: RecipeConfig, parameters: int, metrics: list[Metrics], evaluation: Evaluation) -> str:
    """Return the model card in Markdown."""
    last = metrics[-1]
    rows = [
        _row("coherent, greedy", evaluation.coherent_greedy),
        _row(f"coherent, temperature {config.evaluate.temperature:g}", evaluation.coherent_sampled),
        *(_row(f"right: {intent.replace('_', ' ')}", share) for intent, share in evaluation.correct_by_intent.items()),
    ]
    return _TEMPLATE.format(
        parameters=parameters,
        steps=last.step,
        tokens=last.tokens,
        minutes=last.seconds / 60,
        precision=config.train.precision,
        loss="not measured" if last.validation_loss is None else f"{last.validation_loss:.2f}",
        n=evaluation.coherent_greedy.n,
        rows="\n".join(rows),
        temperature=f"{config.evaluate.temperature:g}",
        manners="\n".join(_row(manner, share) for manner, share in evaluation.manners.items()),
        examples="\n".join(_examples(evaluation.items)),
        context=config.model.max_positions,
    )


def curve(metrics: list[Metrics], path: Path) -> None:
    """Draw the losses over the tokens seen, as a PNG."""
    figure = Figure(figsize=(7, 4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    tokens = [line.tokens / 1e6 for line in metrics]
    axes.plot(tokens, [line.loss for line in metrics], label="training")
    axes.plot(tokens, [line.validation_loss for line in metrics], label="validation (held-out combinations)")
    # type: ignore[arg-type]
    axes.set_xlabel("tokens seen (millions)")
    axes.set_ylabel("loss (nats per assistant token)")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=100)


def _row(name: str, share: Share) -> str:
    low, high = share.interval
    return f"| {name} | {share.value:.0%} | {low:.0%} to {high:.0%} | {share.n} |"


def _examples(items: list[Item]) -> list[str]:
    shown: dict[str, Item] = {}
    for item in items:
        shown.setdefault(item.exchange.intent, item)
    return [f"- *{_line(item.messages[-1].content)}* → {_line(item.greedy)}" for item in shown.values()]


def _line(text: str) -> str:
    return text.replace("\n", " / ")
