"""Writes the items of `evals/tasks/data`: `python -m models.recipe.evaluation_items`. The same bytes every time.

All prompts are combinations that no training text of the starter has, as far as the corpus keeps any back; they are
written without the noise of typing, except the ones that are about typing.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from models.recipe.corpus import (
    Exchange,
    arithmetic,
    boundaries,
    facts,
    fallback,
    identity,
    lists,
    passages,
    phrasebook,
    rewriting,
    small_talk,
    stories,
)
from models.recipe.corpus.conversation import Intent

DATA = Path(__file__).resolve().parents[2] / "evals" / "tasks" / "data"
SIZE = 200
# The corpus has fewer kept-back combinations of these.
_LOOK_ALIKES, _PHRASES = 150, 120
_MOST_DRAWS = 200_000
_SEED = "evaluation items 1"


def _passage_targets(said: Exchange) -> Sequence[str]:
    return (*said.expects, "not stated") if said.intent == "not stated" else said.expects


_TARGETS: dict[str, tuple[tuple[Intent, ...], Callable[[Exchange], Sequence[str]], int]] = {
    "facts": ((facts.known_fact,), lambda said: (*said.expects, said.short.rstrip(".")), SIZE),
    "passages": ((passages.passage_question,), _passage_targets, SIZE),
    "sums": (
        (arithmetic.two_digit_sum, arithmetic.small_sum),
        lambda said: (said.short.rstrip(".").split()[-1],),
        SIZE,
    ),
    "harmful": ((boundaries.refusal,), lambda said: (), SIZE),
    "look_alikes": ((boundaries.harmless,), lambda said: (), _LOOK_ALIKES),
    "keywords": ((passages.keywords,), lambda said: said.expects[0].split(", "), SIZE),
    "summaries": ((passages.summary,), lambda said: (said.expects[0],), SIZE),
    "phrasebook": ((phrasebook.translation,), lambda said: (said.short.rstrip("."),), _PHRASES),
}
"""By task: the intents that it draws from, what a right answer holds, and how many items it has."""

_OPEN: tuple[Intent, ...] = (
    small_talk.greeting,
    small_talk.how_are_you,
    small_talk.remark,
    identity.identity,
    lists.things,
    lists.tips,
    stories.story,
    stories.story_from_words,
    stories.poem,
    rewriting.polite_request,
    rewriting.shorter,
    facts.known_fact,
    fallback.out_of_domain,
)
"""What people ask for without one right answer; an equal share of each, as far as there are different prompts."""

# Common first names; in each row a man's and a woman's, or names of two parts of the world.
_NAME_PAIRS = (
    ("James", "Mary"), ("Ahmed", "Fatima"), ("Wei", "Mei"), ("Carlos", "Maria"), ("Ivan", "Olga"),
    ("John", "Mohamed"), ("Emily", "Aisha"), ("Peter", "Kofi"), ("Anna", "Priya"), ("Thomas", "Yusuf"),
    ("Susan", "Yuki"), ("Michael", "Diego"), ("Laura", "Nadia"), ("Kevin", "Jamal"), ("Charlotte", "Chen"),
)  # fmt: skip
_INTRODUCTIONS = (
    "My name is {name}. {asked}",
    "Hi, I am {name}. {asked}",
    "{name} wants to know: {asked}",
    "My friend {name} asks: {asked}",
)


def write(folder: Path) -> None:
    """Write every file of items."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (intents, targets, size) in _TARGETS.items():
        drawn = _kept_back(intents, size, Random(f"{_SEED}: {name}"))
        save(folder / f"{name}.jsonl", (_item(name, i, [said.prompt], targets(said)) for i, said in enumerate(drawn)))
    asked = _kept_back((facts.known_fact,), SIZE, Random(f"{_SEED}: facts"))
    save(folder / "typos.jsonl", _typos(asked))
    save(folder / "names.jsonl", _name_pairs(asked))
    save(folder / "open_prompts.jsonl", _open_prompts())


def _kept_back(intents: Sequence[Intent], size: int, rng: Random) -> list[Exchange]:
    """Draw exchanges with different prompts, the intents in turn.

    Only scripts of one exchange are taken: there is nothing before the prompt that it could refer to. Phrases of the
    phrasebook that the starter is not told are left out: their answer is a way out, not a translation.
    """
    found: dict[str, Exchange] = {}
    for draw in range(_MOST_DRAWS):
        script = intents[draw % len(intents)](rng)
        said = script[-1]
        never_kept = said.kind == "social" and not said.key
        wanted = said.intent != "unknown translation" and (said.held_out or never_kept)
        if len(script) == 1 and wanted:
            found.setdefault(said.prompt, said)
        if len(found) == size:
            return list(found.values())
    raise ValueError(f"{_MOST_DRAWS} draws gave {len(found)} of {size} different prompts")


def _typos(asked: Sequence[Exchange]) -> Iterator[dict[str, Any]]:
    """The questions of `facts` in lower case with two letters swapped in one word; what is asked about stays whole."""
    rng = Random(f"{_SEED}: typos")
    for index, said in enumerate(asked):
        words = said.prompt.split(" ")
        kept = {part.lower() for about in (*said.about, *said.expects) for part in about.split()}
        longest = [i for i, word in enumerate(words) if len(word) > 3 and word.isalpha() and word.lower() not in kept]
        if longest:
            place = rng.choice(longest)
            cut = rng.randrange(1, len(words[place]) - 1)
            word = words[place]
            words[place] = word[:cut] + word[cut + 1] + word[cut] + word[cut + 2 :]
        yield _item("typos", index, [" ".join(words).lower()], (*said.expects, said.short.rstrip(".")))


def _name_pairs(asked: Sequence[Exchange]) -> Iterator[dict[str, Any]]:
    """A question twice, from people whose names differ."""
    for index, said in enumerate(asked):
        introduction = _INTRODUCTIONS[index % len(_INTRODUCTIONS)]
        pair = _NAME_PAIRS[index % len(_NAME_PAIRS)]
        prompts = [introduction.format(name=name, asked=said.prompt) for name in pair]
        yield _item("names", index, prompts, ()) | {"names": list(pair)}


def _open_prompts() -> Iterator[dict[str, Any]]:
    found: dict[str, None] = {}
    streams = [_endless(intent) for intent in _OPEN]
    while len(found) < SIZE:
        for stream in streams:
            # Some intents have a handful of prompts: after a few repeats the next one takes the turn.
            for prompt in islice(stream, 20):
                if prompt not in found:
                    found[prompt] = None
                    break
    for prompt in islice(found, SIZE):
        yield {"prompt": [{"role": "user", "content": prompt}]}


def _endless(intent: Intent) -> Iterator[str]:
    rng = Random(f"{_SEED}: open {intent.__qualname__}")
    while True:
        script = intent(rng)
        if len(script) == 1 and (script[0].held_out or not script[0].key):
            yield script[0].prompt


def _item(task: str, index: int, prompts: Sequence[str], targets: Sequence[str]) -> dict[str, Any]:
    chats = [[{"role": "user", "content": prompt}] for prompt in prompts]
    return {"id": f"{task}-{index:03}", "prompts": chats, "targets": list(dict.fromkeys(targets))}


def save(path: Path, rows: Iterator[dict[str, Any]]) -> None:
    """Writes JSON lines; the same rows give the same bytes."""
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text(text, encoding="utf-8")


def main() -> None:
    """Write the items into a folder."""
    parser = argparse.ArgumentParser(prog="python -m models.recipe.evaluation_items", description="Write task items.")
    parser.add_argument("folder", type=Path, nargs="?", default=DATA)
    write(parser.parse_args().folder)


if __name__ == "__main__":
    main()
