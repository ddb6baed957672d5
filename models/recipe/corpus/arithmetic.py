"""Sums that a small model can learn: small numbers, and a comparison of two."""

from __future__ import annotations

from random import Random

from models.recipe.corpus.conversation import Exchange, Script

_WORDS = "zero one two three four five six seven eight nine ten eleven twelve".split()
_ASK = ("What is {a} {op} {b}?", "How much is {a} {op} {b}?", "{a} {op} {b}", "{a} {op} {b}?", "Calculate {a} {op} {b}.",
        "What's {a} {op} {b}?", "Can you work out {a} {op} {b}?", "{a} {op} {b} =")  # fmt: skip
_OPERATORS = {"plus": ("plus", "+"), "minus": ("minus", "-"), "times": ("times", "*", "x")}


def arithmetic(rng: Random) -> Script:
    """A sum, a difference or a product of small numbers."""
    op = rng.choices(tuple(_OPERATORS), weights=(5, 3, 3))[0]
    top = 10 if op == "times" else rng.choice((10, 10, 20))
    a, b = rng.randint(0, top), rng.randint(0, top)
    if op == "minus" and a < b:
        a, b = b, a
    result = {"plus": a + b, "minus": a - b, "times": a * b}[op]
    sign = rng.choice(_OPERATORS[op])
    spelled = sign == op and max(a, b) <= 12 and rng.random() < 0.2
    shown = (_WORDS[a], _WORDS[b]) if spelled else (str(a), str(b))
    prompt = rng.choice(_ASK).format(a=shown[0], op=sign, b=shown[1])
    # The digits stand in the answer again: the model writes the sum down before it has to know the result.
    answer = f"{a} {op} {b} is {result}."
    return [Exchange("arithmetic", "question", prompt, answer, f"{result}.", (f"is {result}.", f"{result}."))]


def comparison(rng: Random) -> Script:
    """Which of two numbers is larger or smaller."""
    a, b = rng.sample(range(0, 100), 2)
    word = rng.choice(("larger", "smaller", "bigger"))
    result = min(a, b) if word == "smaller" else max(a, b)
    prompt = rng.choice(
        (f"Which is {word}, {a} or {b}?", f"Which number is {word}: {a} or {b}?", f"What is {word}, {a} or {b}?")
    )
    return [
        Exchange("comparison", "question", prompt, f"{result} is {word}.", f"{result}.", (f"{result} is", f"{result}."))
    ]
