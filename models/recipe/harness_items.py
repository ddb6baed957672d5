"""Writes the generated items of `evals/harness/data`: `python -m models.recipe.harness_items`. The same bytes again.

`truths.jsonl`, beside them, is written by hand.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

from models.recipe.corpus import Exchange, facts
from models.recipe.corpus.lookups import as_text, statements
from models.recipe.corpus.scenes import scene
from models.recipe.evaluation_items import save

DATA = Path(__file__).resolve().parents[2] / "evals" / "harness" / "data"
SIZE = 100
_SEED = "harness items 1"
_MOST_DRAWS = 100_000

_BESIDE = (
    "My neighbour painted his fence.",
    "It rained a little this morning.",
    "The bus was late again.",
    "I had soup for lunch.",
    "The radio is on.",
    "My shoes are new.",
    "We have guests on Sunday.",
    "The window is open.",
)
"""Sentences that have nothing to do with any question."""

_WORDS = ("kite", "garden", "river", "train", "cat", "bread", "rain", "friend", "book", "horse")
_KINDS = ("animals", "colours", "fruits", "countries", "days of the week", "vegetables")
_TOPICS = ("the sea", "a dog", "winter", "my school", "the moon", "a small town", "tea", "music")

_INSTRUCTIONS: tuple[tuple[str, tuple[tuple[str, Any], ...]], ...] = (
    *((f"Write a sentence with the word {word}.", (("has", word),)) for word in _WORDS),
    *((f"Write a sentence with the word {word}, in capital letters.", (("has", word), ("upper_case", None)))
      for word in _WORDS[:6]),
    *((f"Name {n} {kind}. Begin each line with a dash.", (("entries", n),)) for n in (3, 4) for kind in _KINDS),
    *((f"Make a numbered list of three {kind}.", (("entries", 3),)) for kind in _KINDS),
    *((f"Tell me about {topic} in at most {n} words.", (("words_at_most", n),)) for topic in _TOPICS for n in (10, 20)),
    *((f"Write at least 12 words about {topic}.", (("words_at_least", 12),)) for topic in _TOPICS),
    *((f"Write one sentence of exactly five words about {topic}.", (("words_exactly", 5),)) for topic in _TOPICS),
    *((f"Write a sentence about {topic} without the word is.", (("has_not", "is"),)) for topic in _TOPICS),
    *((f"Write a sentence about {topic}. Begin with the word Today.", (("starts_with", "Today"),))
      for topic in _TOPICS),
    *((f"Tell me about {topic} and end with an exclamation mark.", (("ends_with", "!"),)) for topic in _TOPICS),
)  # fmt: skip
_MANNERS: tuple[tuple[str, tuple[tuple[str, Any], ...]], ...] = (
    ("{asked} Answer in capital letters.", (("upper_case", None),)),
    ("{asked} Answer in small letters only.", (("lower_case", None),)),
    ("{asked} Answer with one word.", (("words_exactly", 1),)),
)
_MANNERED = 30


def write(folder: Path) -> None:
    """Write every generated file of items."""
    folder.mkdir(parents=True, exist_ok=True)
    save(folder / "conversations.jsonl", _conversations())
    save(folder / "robustness.jsonl", _variants())
    save(folder / "instructions.jsonl", _instructions())


def _conversations() -> Iterator[dict[str, Any]]:
    """In turns: a question on another sentence of the passage, and one that only what was asked before explains."""
    rng = Random(f"{_SEED}: conversations")
    for index in range(SIZE):
        yield _on_a_scene(rng) if index % 2 else _follow_up(rng)


def _on_a_scene(rng: Random) -> dict[str, Any]:
    sentences, _ = scene(rng, 3)
    questions = [rng.choice(sentence.questions) for sentence in rng.sample(sentences, 3)]
    *before, last = questions
    history = [[question.asked, question.short] for question in before]
    passage = " ".join(sentence.text for sentence in sentences)
    return _conversation(passage, history, last.asked, (last.answer, last.short, last.right))


def _follow_up(rng: Random) -> dict[str, Any]:
    drawn = statements(rng)
    first, second = rng.sample(range(len(drawn.said)), 2)
    asked, meant = drawn.questions[first], drawn.questions[second]
    article = "the " if f"the {drawn.subjects[first]}" in asked.asked else ""
    passage = as_text(drawn.said, rng)
    question = f"And {article}{drawn.subjects[second]}?"
    return _conversation(passage, [[asked.asked, asked.short]], question, (meant.answer, meant.short, meant.right))


def _conversation(passage: str, history: list[list[str]], question: str, answers: Sequence[str]) -> dict[str, Any]:
    return {"passage": passage, "history": history, "question": question, "answers": list(dict.fromkeys(answers))}


def _variants() -> Iterator[dict[str, Any]]:
    """Questions about facts as they are usually put, misspelled, in capitals, in other words, and after a sentence."""
    rng = Random(f"{_SEED}: variants")
    worded: dict[tuple[tuple[str, ...], tuple[str, ...]], dict[str, Exchange]] = {}
    done: set[tuple[tuple[str, ...], tuple[str, ...]]] = set()
    for _ in range(_MOST_DRAWS):
        script = facts.known_fact(rng)
        if len(script) > 1:
            continue
        said = script[0]
        about = (said.about, said.expects)
        worded.setdefault(about, {})[said.prompt] = said
        clean = next((one for one in worded[about].values() if one.held_out), None)
        other = next((one for one in worded[about].values() if one is not clean), None)
        if about in done or clean is None or other is None:
            continue
        done.add(about)
        yield {
            "targets": list(dict.fromkeys((*clean.expects, clean.short.rstrip(".")))),
            "clean": clean.prompt,
            "typos": _misspelled(clean, rng),
            "upper": clean.prompt.upper(),
            "paraphrase": other.prompt,
            "distractor": f"{_BESIDE[len(done) % len(_BESIDE)]} {clean.prompt}",
        }
        if len(done) == SIZE:
            return
    raise ValueError(f"{_MOST_DRAWS} draws gave {len(done)} of {SIZE} questions in two wordings")


def _misspelled(said: Exchange, rng: Random) -> str:
    """Two letters swapped in a word that is not what is asked about."""
    parts = said.prompt.split(" ")
    kept = {word.lower() for about in (*said.about, *said.expects) for word in about.split()}
    long = [i for i, word in enumerate(parts) if len(word) > 3 and word.isalpha() and word.lower() not in kept]
    if long:
        place = rng.choice(long)
        word = parts[place]
        cuts = [i for i in range(len(word) - 1) if word[i].lower() != word[i + 1].lower()]
        cut = rng.choice(cuts)
        parts[place] = word[:cut] + word[cut + 1] + word[cut] + word[cut + 2 :]
    return " ".join(parts)


def _instructions() -> Iterator[dict[str, Any]]:
    for prompt, checks in _INSTRUCTIONS:
        yield {"prompt": prompt, "checks": [list(check) for check in checks]}
    rng, seen = Random(f"{_SEED}: instructions"), set[str]()
    while len(seen) < _MANNERED:
        said = facts.known_fact(rng)[0]
        if said.held_out and said.prompt not in seen:
            frame, checks = _MANNERS[len(seen) % len(_MANNERS)]
            seen.add(said.prompt)
            yield {"prompt": frame.format(asked=said.prompt), "checks": [list(check) for check in checks]}


def main() -> None:
    """Write the items into a folder."""
    parser = argparse.ArgumentParser(prog="python -m models.recipe.harness_items", description="Write harness items.")
    parser.add_argument("folder", type=Path, nargs="?", default=DATA)
    write(parser.parse_args().folder)


if __name__ == "__main__":
    main()
