"""How people really type: lower case, no punctuation, slips of the finger, a word before and after."""

from __future__ import annotations

from random import Random

_BEFORE = ("hey, ", "ok, ", "so, ", "please, ", "um, ", "hi, ", "Attune, ", "well, ", "quick question: ", "and ")
_AFTER = (" please", " thanks", " please?", " pls", " ok?", "??", "...", "!", " :)")
_MARK = 0xE000  # the first private-use character: no prompt contains it


def as_typed(prompt: str, verbatim: tuple[str, ...], rng: Random) -> str:
    """Return the prompt as somebody might type it; the ``verbatim`` parts are left as they are."""
    # Each part that stays is replaced by one private-use character while the rest is changed.
    marks = {chr(_MARK + i): part for i, part in enumerate(sorted(verbatim, key=len, reverse=True)) if part}
    for mark, part in marks.items():
        prompt = prompt.replace(part, mark)
    typed = _typed(prompt, rng)
    for mark, part in marks.items():
        typed = typed.replace(mark, part)
    return typed


def _typed(text: str, rng: Random) -> str:
    if rng.random() < 0.05:
        text = rng.choice(_BEFORE) + text[0].lower() + text[1:]
    if rng.random() < 0.45:
        text = text.lower()
    if rng.random() < 0.12:
        text = _with_slip(text, rng)
    if rng.random() < 0.42:
        text = text.rstrip("?.!")
    if rng.random() < 0.04:
        text = text.rstrip("?.!") + rng.choice(_AFTER)
    return text


def _with_slip(text: str, rng: Random) -> str:
    words = text.split(" ")
    candidates = [i for i, word in enumerate(words) if len(word) >= 4 and word.isascii() and word.isalpha()]
    if candidates:
        chosen = rng.choice(candidates)
        words[chosen] = _slip(words[chosen], rng)
    return " ".join(words)


def _slip(word: str, rng: Random) -> str:
    i = rng.randrange(1, len(word) - 1)
    kind = rng.randrange(3)
    if kind == 0:
        return word[:i] + word[i + 1] + word[i] + word[i + 2 :]
    if kind == 1:
        return word[:i] + word[i + 1 :]
    return word[:i] + word[i] + word[i:]
