"""Names of people, pets and places: ordinary ones, and made-up ones that teach copying instead of recall."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from models.recipe.corpus.conversation import kept_for_evaluation

_ORDINARY = """
Anna Ben Carla David Emma Felix Grace Henry Ida Jack Karen Leo Maria Nina Oscar Paula Robin Sara Tom Uma Victor Wendy
Yusuf Zoe Ali Bella Chen Diego Elena Fatima Hiro Ivan Jose Kim Lucas Mei Noah Olga Priya Rosa Sam Alice Bob Marcelina
Adam Aisha Alex Amara Amir Andre Anil Astrid Aurora Axel Beatrice Boris Bruno Camila Cedric Charlotte Clara Daniel Dora
Dmitri Edith Elias Eva Farid Fiona Frank Gabriel George Greta Hanna Hassan Hugo Ines Ingrid Isaac Jamal Jana Jonas Julia
Kofi Lars Laura Lena Lila Linus Louis Lucia Magnus Marco Marta Max Mila Mohamed Nadia Naomi Nils Nora Omar Otto Pablo
Petra Quentin Rachel Rafael Raj Rita Ruth Samira Sofia Stefan Svetlana Tara Theo Thomas Ursula Vera Viktor Walter Xavier
Yara Yuki Zara Marcus John Mary James Linda Peter Susan Kevin Steve Emily Sophie Michael Chris Jessica Ashley Brandon
""".split()
_STARTS = "B Br C Ch D Dr F Fl G Gl Gr H J K Kr L M N P Pl Pr Qu R S Sh Sk St T Th Tr V W Y Z A E I O U".split()
_VOWEL_STARTS = frozenset("AEIOU")
_VOWELS = ("a", "e", "i", "o", "u", "ai", "ee", "ia", "ou", "y")
_MIDDLES = "b d f g k l m n p r s t v z ll rr nd rt lv ck st mb x th".split()
_ENDS = ("", "", "n", "r", "s", "l", "x", "th", "m", "k", "t", "lle", "tta", "d")
_PLACE_ENDS = ("aland", "astan", "oville", "ia", "aburg", "onia", "ton", "o", "ark", "a", "en")


def any_person(rng: Random) -> str:
    """Return a first name that evaluation may have kept for itself; three in four are made up."""
    if rng.random() < 0.25:
        return rng.choice(_ORDINARY)
    name = _syllable(rng)
    for _ in range(rng.choice((0, 1, 1, 1, 2)) + (name in _VOWEL_STARTS)):
        name += rng.choice(_MIDDLES) + rng.choice(_VOWELS[:5])
    return name + rng.choice(_ENDS if len(name) > 3 else _ENDS[2:])


def any_place(rng: Random) -> str:
    """Return the name of a place that does not exist, which evaluation may have kept for itself."""
    return _syllable(rng) + rng.choice(_MIDDLES) + rng.choice(_PLACE_ENDS)


def person(rng: Random) -> str:
    """Return a first name that training may use."""
    return _trained_on(any_person, rng)


def place(rng: Random) -> str:
    """Return the name of a place that does not exist, which training may use."""
    return _trained_on(any_place, rng)


def word(rng: Random) -> str:
    """Return a lower-case word that does not exist, which training may use."""
    return _trained_on(lambda rng: any_person(rng).lower() + rng.choice(("", "", "ing", "le", "er", "o", "ish")), rng)


def _syllable(rng: Random) -> str:
    start = rng.choice(_STARTS)
    return start if start in _VOWEL_STARTS else start + rng.choice(_VOWELS)


def _trained_on(draw: Callable[[Random], str], rng: Random) -> str:
    while True:
        name = draw(rng)
        if not kept_for_evaluation(name):
            return name
