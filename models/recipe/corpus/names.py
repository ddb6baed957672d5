"""Names of people: ordinary ones, and made-up ones that teach copying instead of recall."""

from __future__ import annotations

from random import Random

_ORDINARY = (
    "Anna Ben Carla David Emma Felix Grace Henry Ida Jack Karen Leo Maria Nina Oscar Paula Robin Sara Tom Uma Victor "
    "Wendy Yusuf Zoe Ali Bella Chen Diego Elena Fatima Hiro Ivan Jose Kim Lucas Mei Noah Olga Priya Rosa Sam Alice Bob"
).split()
_STARTS = "B Br C Ch D Dr F G Gr H J K Kr L M N P Pr Qu R S Sh St T Tr V W Y Z".split()
_VOWELS = ("a", "e", "i", "o", "u", "ai", "ee", "ia", "ou")
_MIDDLES = "b d f g k l m n p r s t v z ll rr nd rt lv".split()
_ENDS = ("", "n", "r", "s", "l", "x", "th", "m", "k", "t")


def person(rng: Random) -> str:
    """Return a first name; two in three are made up."""
    if rng.random() < 0.33:
        return rng.choice(_ORDINARY)
    name = rng.choice(_STARTS) + rng.choice(_VOWELS)
    for _ in range(rng.choice((0, 1, 1, 1, 2))):
        name += rng.choice(_MIDDLES) + rng.choice(_VOWELS[:5])
    return name + rng.choice(_ENDS if len(name) > 3 else _ENDS[1:])


def place(rng: Random) -> str:
    """Return the name of a place that does not exist."""
    return person(rng).capitalize() + rng.choice(("land", "stan", "ville", "ia", "burg", "onia"))
