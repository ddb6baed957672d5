"""Short rewriting: a sentence in, the same sentence another way out."""

from __future__ import annotations

from random import Random

from models.recipe.corpus import words, world
from models.recipe.corpus.conversation import Exchange, Script
from models.recipe.corpus.names import person, word
from models.recipe.corpus.tables import entries, lines

_ORDERS = entries("""
open, give me, close, bring, show me, clean, send me, repair, wash, pass me, take away, carry, hold, lend me, buy, find,
put down, paint, watch, sell me, keep, return, look at, help me with, move
""")
_WHEN = entries(
    "now, today, tomorrow, this evening, right away, before dinner, after school, on Monday, on Friday, next week"
)
_POLITELY = lines("""
Make this polite: {x}
Say this politely: {x}
Rewrite this in a polite way: {x}
How can I say this nicely: {x}
Make this more polite: {x}
Make it politer: {x}
Can you make this sound polite? {x}
Rewrite politely: {x}
""")
_SHORTER = lines("""
Make this shorter: {x}
Shorten this: {x}
Say this in fewer words: {x}
Shorten this sentence: {x}
Can you make this shorter? {x}
Make it short: {x}
Rewrite this shorter: {x}
""")
_FILLERS = entries("""
In my opinion, I really think that, As you probably know, To be honest, As far as I know, In the end, As everybody knows,
It is a fact that, I just want to say that, It seems to me that, Let me tell you that, As I said before
""")
_QUALITIES = entries(
    "big, small, old, new, good, bad, nice, expensive, cheap, heavy, broken, beautiful, dirty, clean, ready, lost, empty, full"
)
_VERY = entries("really very, very very, quite, so very, really, extremely")
_PAST = lines("""
Put this in the past tense: {x}
Rewrite in the past: {x}
Change to past tense: {x}
Say this in the past: {x}
""")
_WHERE = entries("in the park, at home, in the garden, near the river, at school, in the forest, by the sea, in town")
_SUBJECTS = entries("I, We, They, You")
_ECHO = lines("""
Repeat after me: {x}
Repeat this: {x}
Say {x}
Please repeat: {x}
Write this again: {x}
Copy this: {x}
Can you say {x}
""")


def polite_request(rng: Random) -> Script:
    """Make an order a polite request."""
    order, thing = rng.choice(_ORDERS), rng.choice(words.THINGS)
    when = f" {rng.choice(_WHEN)}" if rng.random() < 0.5 else ""
    said = f"{order} the {thing}{when}"
    # Copied as it is typed but for its first letter, which some people write small.
    typed = said if rng.random() < 0.4 else f"{said[0].upper()}{said[1:]}"
    prompt = rng.choice(_POLITELY).format(x=f"{typed}.")
    return [_task("polite rewriting", prompt, f"Could you please {said}?", f"Please {said}.", f"please {said}", typed)]


def shorter(rng: Random) -> Script:
    """Leave out of a sentence what says nothing."""
    thing, quality = rng.choice(words.THINGS), rng.choice(_QUALITIES)
    where = f" {rng.choice(_WHERE)}" if rng.random() < 0.5 else ""
    wordy = f"{rng.choice(_FILLERS)}, the {thing}{where} is {rng.choice(_VERY)} {quality}.".replace("that,", "that")
    brief = f"The {thing}{where} is {quality}."
    prompt = rng.choice(_SHORTER).format(x=wordy)
    return [_task("shorter rewriting", prompt, f"Shorter: {brief}", brief, brief, wordy)]


def past_tense(rng: Random) -> Script:
    """Put a sentence into the past."""
    verb, who = rng.choice(tuple(world.PAST_TENSES)), rng.choice(_SUBJECTS)
    rest = (
        rng.choice(_WHERE)
        if verb in {"go", "run", "come", "sit", "swim", "sleep", "walk", "play", "sing", "fly"}
        else f"the {rng.choice(words.THINGS)}"
    )
    result = f"{who} {world.PAST_TENSES[verb]} {rest}."
    said = f"{who} {verb} {rest}."
    prompt = rng.choice(_PAST).format(x=said)
    return [_task("past tense", prompt, f"In the past: {result}", result, result, said)]


def echo(rng: Random) -> Script:
    """Repeat words as they are, most of them made up: this is where copying is learned."""
    said = " ".join(_any_word(rng) for _ in range(rng.randint(1, 5)))
    prompt = rng.choice(_ECHO).format(x=said)
    return [
        Exchange(
            "echo",
            "task",
            prompt,
            f"You said: {said}.",
            f"Ok, {said}.",
            expects=(f" {said}.",),
            about=(said.split()[0],),
            verbatim=(said,),
            key=said,
        )
    ]


def _any_word(rng: Random) -> str:
    kind = rng.random()
    if kind < 0.4:
        return word(rng)
    if kind < 0.6:
        return person(rng)
    if kind < 0.7:
        return str(rng.randint(0, 999))
    if kind < 0.8:
        return "".join(rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(rng.randint(2, 5)))
    return rng.choice((*words.SHORT_WORDS, *words.THINGS, *words.NATURE))


def _task(intent: str, prompt: str, answer: str, short: str, right: str, kept: str) -> Exchange:
    return Exchange(
        intent,
        "task",
        prompt,
        answer,
        short,
        expects=(right,),
        about=(right.split(" ", 1)[0],),
        verbatim=(kept,),
        key=f"{intent}{right}",
    )
