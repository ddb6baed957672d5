"""Sums with their working: a small model can add in its head no more than two digits, but it can write down the steps."""

from __future__ import annotations

import re
from random import Random

from models.recipe.corpus.conversation import Exchange, Script

_WORDS = "zero one two three four five six seven eight nine ten eleven twelve".split()
_ASK = ("What is {a} {op} {b}?", "How much is {a} {op} {b}?", "{a} {op} {b}", "{a} {op} {b}?", "Calculate {a} {op} {b}.", "{a} {op} {b} = ?",
        "What's {a} {op} {b}?", "Can you work out {a} {op} {b}?", "{a} {op} {b} =", "Tell me what {a} {op} {b} is.", "Solve {a} {op} {b}.")  # fmt: skip
_ADD = (*_ASK, "Add {a} and {b}.", "What is the sum of {a} and {b}?", "Please add {a} and {b}.")
_SIGNS = {"+": ("plus", "+", "+", " + "), "-": ("minus", "-", "-"), "*": ("times", "*", "x")}


def two_digit_sum(rng: Random) -> Script:
    """Two numbers below 100, at least one of them with two digits: added by tens and ones.

    The answer says the sum again in one form, whatever form it was asked in, so that each digit is copied from a known
    place. The short answer has the last step of the working in it: without, the sum would have to be known by heart.
    """
    a, b = rng.randint(10, 99), rng.choice((rng.randint(10, 99), rng.randint(10, 99), rng.randint(0, 9)))
    if rng.random() < 0.5:
        a, b = b, a
    tens, ones = a // 10 * 10 + b // 10 * 10, a % 10 + b % 10
    last = f"{tens} + {ones} = {a + b}."
    working = f"tens {a // 10 * 10} + {b // 10 * 10} = {tens}, ones {a % 10} + {b % 10} = {ones}, together {last}"
    low, high = sorted((a, b))
    prompt = _asked(_ADD, "+", a, b, rng)
    return [
        Exchange(
            "two-digit sum",
            "question",
            prompt,
            f"{a} + {b}: {working}",
            last,
            expects=(f"= {a + b}.",),
            about=(f"{a}",),
            verbatim=_number_words(prompt),
            # Steps of a working are in the training text by themselves, so that none of them can be kept from it.
            key="" if _is_step(a, b) else f"{low} plus {high}",
        )
    ]


def small_sum(rng: Random) -> Script:
    """A sum of one-digit numbers, a difference of numbers up to 20 or a product of the small multiplication table.

    These are known by heart, like facts: a wording is kept from training, not the sum.
    """
    sign = rng.choices(("+", "-", "*"), weights=(4, 3, 3))[0]
    # Sums of larger numbers are two-digit sums, some of which are kept from training.
    top = {"+": 9, "-": rng.choice((10, 10, 20)), "*": 10}[sign]
    a, b = rng.randint(0, top), rng.randint(0, top)
    if sign == "-" and a < b:
        a, b = b, a
    result = {"+": a + b, "-": a - b, "*": a * b}[sign]
    prompt = _asked(_ADD if sign == "+" else _ASK, sign, a, b, rng)
    # Written as in the working of a two-digit sum: what is learned in one is known in the other.
    answer = f"{a} {'times' if sign == '*' else sign} {b} = {result}."
    return [
        Exchange(
            "small sum",
            "question",
            prompt,
            answer,
            f"{result}.",
            expects=(f"= {result}.",),
            about=(f"{a}",),
            verbatim=_number_words(prompt),
            key=prompt,
        )
    ]


def large_sum(rng: Random) -> Script:
    """A sum that is beyond the model, which should say so."""
    sign = rng.choice(("+", "-", "*", "/"))
    a, b = (
        (rng.randint(101, 9999), rng.randint(11, 9999))
        if sign == "+" or rng.random() < 0.5
        else (rng.randint(21, 99), rng.randint(11, 99))
    )
    if rng.random() < 0.5:
        a, b = b, a
    prompt = rng.choice(_ASK).format(a=a, op=rng.choice((*_SIGNS.get(sign, ("divided by", "/")),)).strip(), b=b)
    answer = "That sum is too hard for a small starter model like me. I can only do small sums."
    return [
        Exchange(
            "large sum", "boundary", prompt, answer, "Too hard for me.", expects=("too hard",), key=f"{a}{sign}{b}"
        )
    ]


def comparison(rng: Random) -> Script:
    """Which of two numbers is larger or smaller."""
    a, b = rng.sample(range(100), 2)
    wanted, result = rng.choice((("larger", max(a, b)), ("bigger", max(a, b)), ("smaller", min(a, b))))
    ask = ("Which is {w}, {a} or {b}?", "Which number is {w}: {a} or {b}?", "What is {w}, {a} or {b}?", "{a} or {b}, which is {w}?",
           "Tell me which is {w}: {a} or {b}.", "Which of {a} and {b} is {w}?")  # fmt: skip
    prompt = rng.choice(ask).format(w=wanted, a=a, b=b)
    answer = f"Of {a} and {b}, the {wanted} number is {result}."
    return [
        Exchange(
            "comparison",
            "question",
            prompt,
            answer,
            f"{result}.",
            expects=(f"is {result}.",),
            about=(f"of {a}", f"{a}.", f"{b}."),
            key=f"{a}?{b}",
        )
    ]


def sorting(rng: Random) -> Script:
    """Put three or four numbers in order."""
    numbers = rng.sample(range(rng.choice((10, 100, 100))), rng.choice((3, 3, 4)))
    down = rng.random() < 0.3
    listed = ", ".join(map(str, numbers))
    ordered = ", ".join(map(str, sorted(numbers, reverse=down)))
    order = "from large to small" if down else rng.choice(("", "from small to large"))
    ask = ("Sort these numbers {o}: {x}", "Sort {x} {o}", "Put these in order {o}: {x}", "Order these numbers {o}: {x}",
           "Can you sort {x} {o}?", "Arrange {o}: {x}")  # fmt: skip
    prompt = " ".join(rng.choice(ask).format(o=order, x=listed).split()).replace(" :", ":").replace(" ?", "?")
    name = "large to small" if down else "small to large"
    return [
        Exchange(
            "sorting",
            "task",
            prompt,
            f"Here are the numbers from {name}: {ordered}.",
            f"{name.capitalize()}: {ordered}.",
            expects=(f" {ordered}.",),
            about=(name,),
            verbatim=(listed,),
            key=listed,
        )
    ]


def _asked(ask: tuple[str, ...], sign: str, a: int, b: int, rng: Random) -> str:
    shown_sign = rng.choice(_SIGNS[sign])
    if max(a, b) <= 12 and rng.random() < 0.12:
        return rng.choice(_ASK[:2]).format(a=_WORDS[a], op=_SIGNS[sign][0], b=_WORDS[b])
    prompt = rng.choice(ask).format(a=a, op=shown_sign.strip(), b=b)
    if shown_sign in ("+", "-", "*") and rng.random() < 0.25:
        prompt = prompt.replace(f" {shown_sign} ", shown_sign)
    return prompt


def _number_words(prompt: str) -> tuple[str, ...]:
    said = set(re.findall(r"[a-z]+", prompt))
    return tuple(word for word in _WORDS if word in said)


def _is_step(a: int, b: int) -> bool:
    """Whether a working may add these two: tens to tens, or at most eighteen ones to tens."""
    return any(one % 10 == 0 and (other % 10 == 0 or other <= 18) for one, other in ((a, b), (b, a)))
