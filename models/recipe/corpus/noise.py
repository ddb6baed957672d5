"""How people really type: lower case, no punctuation, slips of the finger, a word before and after.

What an answer has to repeat exactly stays as it is, for else the right answer could not be known from the prompt.
"""

from __future__ import annotations

import re
from random import Random

from models.recipe.corpus.conversation import Exchange

_BEFORE = ("hey, ", "ok, ", "so, ", "please, ", "um, ", "hi, ", "Attune, ", "well, ", "quick question: ", "and ")
_AFTER = (" please", " thanks", " please?", " pls", " ok?", "??", "...", "!", " :)")
_MARK = 0xE000  # the first private-use character: no prompt contains it
# Other words with a capital are names, which a slip would make into other names.
_OPENINGS = frozenset(
    """
    What Which Where When Tell Give Write Make Name Explain Please Could Would Should Does Have Help Show Teach Sort
    Count Spell Repeat Translate Capital Opposite Plural Past Another
    """.split()
)


def as_typed(exchange: Exchange, rng: Random) -> str:
    """Return the exchange's prompt as somebody might type it.

    Its ``verbatim`` parts are left as they are, and a slip hits no name and, in a task, no word of the answer.
    """
    prompt = exchange.prompt
    # Each part that stays is replaced by one private-use character while the rest is changed.
    parts = sorted(filter(None, exchange.verbatim), key=len, reverse=True)
    marks = {chr(_MARK + i): part for i, part in enumerate(parts)}
    for mark, part in marks.items():
        prompt = prompt.replace(part, mark)
    typed = _typed(prompt, _repeated(exchange), rng)
    for mark, part in marks.items():
        typed = typed.replace(mark, part)
    return typed


def _repeated(exchange: Exchange) -> frozenset[str]:
    # What is asked about in a question is of the closed world, and is known in spite of a slip.
    if exchange.kind != "task":
        return frozenset()
    return frozenset(re.findall(r"\w+", f"{exchange.answer} {exchange.short}".lower()))


def _typed(text: str, repeated: frozenset[str], rng: Random) -> str:
    if rng.random() < 0.12:
        text = _with_slip(text, repeated, rng)
    if rng.random() < 0.05:
        text = rng.choice(_BEFORE) + text[0].lower() + text[1:]
    if rng.random() < 0.4:
        text = text.lower()
    if rng.random() < 0.42:
        text = text.rstrip("?.!")
    # A word after the words that are to be spelled or repeated would be one of them.
    if rng.random() < 0.04 and all(ord(character) < _MARK for character in text[-2:]):
        text = text.rstrip("?.!") + rng.choice(_AFTER)
    return text


def _with_slip(text: str, repeated: frozenset[str], rng: Random) -> str:
    words = text.split(" ")
    candidates = [i for i, word in enumerate(words) if _may_slip(word, repeated)]
    if candidates:
        chosen = rng.choice(candidates)
        words[chosen] = _slip(words[chosen], rng)
    return " ".join(words)


def _may_slip(word: str, repeated: frozenset[str]) -> bool:
    ordinary = word.islower() or word in _OPENINGS
    return len(word) >= 4 and word.isascii() and word.isalpha() and ordinary and word.lower() not in repeated


def _slip(word: str, rng: Random) -> str:
    i = rng.randrange(1, len(word) - 1)
    kind = rng.randrange(3)
    if kind == 0:
        return word[:i] + word[i + 1] + word[i] + word[i + 2 :]
    if kind == 1:
        return word[:i] + word[i + 1 :]
    return word[:i] + word[i] + word[i:]
