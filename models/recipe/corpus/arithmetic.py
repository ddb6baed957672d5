"""Sums with their working: a small model can add in its head no more than two digits, but it can write down the steps."""

from __future__ import annotations

from random import Random

from models.recipe.corpus.conversation import Exchange, Script

_WORDS = "zero one two three four five six seven eight nine ten eleven twelve".split()
_ASK = ("What is {a} {op} {b}?", "How much is {a} {op} {b}?", "{a} {op} {b}", "{a} {op} {b}?", "Calculate {a} {op} {b}.", "{a} {op} {b} = ?",
        "What's {a} {op} {b}?", "Can you work out {a} {op} {b}?", "{a} {op} {b} =", "Tell me what {a} {op} {b} is.", "Solve {a} {op} {b}.")  # fmt: skip
_ADD = (*_ASK, "Add {a} and {b}.", "What is the sum of {a} and {b}?", "Please add {a} and {b}.")
_SIGNS = {"+": ("plus", "+", "+", " + "), "-": ("minus", "-", "-"), "*": ("times", "*", "x")}


def two_digit_sum(rng: Random) -> Script:
    """Two numbers below 100, at least one of them with two digits: added by ones and tens."""
    a, b = rng.randint(10, 99), rng.choice((rng.randint(10, 99), rng.randint(10, 99), rng.randint(0, 9)))
    if rng.random() < 0.5:
        a, b = b, a
    ones, tens = a % 10 + b % 10, a // 10 * 10 + b // 10 * 10
    steps = f"Ones: {a % 10} + {b % 10} = {ones}. Tens: {a // 10 * 10} + {b // 10 * 10} = {tens}. Together: {tens} + {ones} = {a + b}."
    return [_sum("two-digit sum", _asked(_ADD, "+", a, b, rng), f"{steps} So {a} + {b} = {a + b}.", a + b, (a, b))]


def small_sum(rng: Random) -> Script:
    """A sum or difference of numbers up to 20, or a product of the small multiplication table."""
    sign = rng.choices(("+", "-", "*"), weights=(4, 3, 3))[0]
    top = 10 if sign == "*" else rng.choice((10, 10, 20))
    a, b = rng.randint(0, top), rng.randint(0, top)
    if sign == "-" and a < b:
        a, b = b, a
    result = {"+": a + b, "-": a - b, "*": a * b}[sign]
    # The numbers stand in the answer again: the model writes the sum down before it has to know the result.
    answer = f"{a} {_SIGNS[sign][0]} {b} is {result}."
    return [_sum("small sum", _asked(_ADD if sign == "+" else _ASK, sign, a, b, rng), answer, result, (a, b))]


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
    """Put three to five numbers in order."""
    numbers = rng.sample(range(rng.choice((10, 30, 100))), rng.choice((3, 3, 4, 5)))
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
            f"From {name}: {ordered}.",
            f"{ordered}.",
            expects=(f"{ordered}.",),
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


def _sum(intent: str, prompt: str, answer: str, result: int, pair: tuple[int, int]) -> Exchange:
    low, high = sorted(pair)
    short = f"{result}."
    expects = (f"= {result}.",) if intent == "two-digit sum" else (f"is {result}.",)
    sign = next((sign for sign in ("plus", "minus", "times") if f" {sign} " in answer), "plus")
    return Exchange(
        intent, "question", prompt, answer, short, expects=expects, about=(f"{pair[0]}",), key=f"{low} {sign} {high}"
    )
