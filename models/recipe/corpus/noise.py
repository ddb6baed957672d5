"""How people really type: lower case, no punctuation, slips of the finger."""

from __future__ import annotations

from random import Random

_PREFIXES = ("hey, ", "ok, ", "so, ", "please, ", "um, ")


def as_typed(prompt: str, verbatim: tuple[str, ...], rng: Random) -> str:
    """Return the prompt as somebody might type it; the ``verbatim`` parts are left as they are.

    Prompts of several lines carry a text to work on and stay as they are.
    """
    if "\n" in prompt:
        return prompt
    if rng.random() < 0.06 and not verbatim:
        prompt = rng.choice(_PREFIXES) + prompt[0].lower() + prompt[1:]
    words = [_Word(word, any(word.strip(".,!?'\"") in kept.split() for kept in verbatim)) for word in prompt.split(" ")]
    if rng.random() < 0.45:
        words = [word if word.kept else _Word(word.text.lower(), False) for word in words]
    if rng.random() < 0.15:
        words = _with_slip(words, rng)
    text = " ".join(word.text for word in words)
    if rng.random() < 0.45:
        text = text.rstrip("?.!")
    return text


class _Word:
    __slots__ = ("kept", "text")

    def __init__(self, text: str, kept: bool) -> None:
        self.text = text
        self.kept = kept


def _with_slip(words: list[_Word], rng: Random) -> list[_Word]:
    candidates = [i for i, word in enumerate(words) if not word.kept and len(word.text) >= 4 and word.text.isalpha()]
    if not candidates:
        return words
    chosen = rng.choice(candidates)
    return [_Word(_slip(word.text, rng), False) if i == chosen else word for i, word in enumerate(words)]


def _slip(word: str, rng: Random) -> str:
    i = rng.randrange(1, len(word) - 1)
    kind = rng.randrange(3)
    if kind == 0:
        return word[:i] + word[i + 1] + word[i] + word[i + 2 :]
    if kind == 1:
        return word[:i] + word[i + 1 :]
    return word[:i] + word[i] + word[i:]
