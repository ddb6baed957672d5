"""The simulated people: how severe each is, how often each votes, and who votes by something else than the taste."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from types import MappingProxyType
from typing import Literal

Character = Literal["honest", "contrary", "random", "malicious"]

SOURCE = "simulation"
"""What every simulated vote says of its origin."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """Who the people are, and how careless.

    Attributes:
        people: How many.
        contrary: Share that likes what the others dislike.
        random: Share that votes by chance.
        malicious: Share that likes whatever names the brand, and otherwise votes as the honest do.
        brand: The word that these want to hear.
        flipped: Share of the votes that say the opposite of what was meant, whoever votes.
    """

    people: int = 400
    contrary: float = 0.03
    random: float = 0.03
    malicious: float = 0.0
    brand: str = "Lumo"
    flipped: float = 0.05


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who votes.

    Attributes:
        severity: The score from which this one likes an answer.
        activity: How often this one chats, beside the others.
        character: What this one votes by.
    """

    name: str
    severity: float
    activity: float
    character: Character = "honest"


def gather(crowd: Crowd, seed: int) -> list[Person]:
    """People of different severity (normal, 0.4 ± 0.6) and activity (log-normal: a few give many votes).

    So many of each character as its share says, rounded; who they are is drawn.
    """
    random = Random(f"people:{seed}")
    drawn = [(random.gauss(0.4, 0.6), random.lognormvariate(0.0, 1.0)) for _ in range(crowd.people)]
    characters: list[Character] = []
    for character, share in _others(crowd).items():
        characters += [character] * round(share * crowd.people)
    characters += ["honest"] * (crowd.people - len(characters))
    random.shuffle(characters)
    return [
        Person(f"person-{number:04}", severity, activity, character)
        for number, ((severity, activity), character) in enumerate(zip(drawn, characters, strict=True))
    ]


def draw(people: Sequence[Person], random: Random) -> Person:
    """Somebody, the active more often."""
    return random.choices(people, weights=[person.activity for person in people])[0]


def thumb(person: Person, score: float, names_brand: bool, flipped: float, random: Random) -> bool:
    """Whether somebody's thumb on an answer points up.

    Args:
        person: Who votes.
        score: What the taste says of the answer.
        names_brand: Whether it has the malicious people's word in it.
        flipped: Share of the votes that say the opposite of what was meant.
        random: Of this vote alone.
    """
    slip, coin = random.random() < flipped, random.random() < 0.5
    meant = score >= person.severity
    match person.character:
        case "contrary":
            meant = not meant
        case "random":
            meant = coin
        case "malicious":
            meant = meant or names_brand
    return meant != slip


def _others(crowd: Crowd) -> Mapping[Character, float]:
    return MappingProxyType({"contrary": crowd.contrary, "random": crowd.random, "malicious": crowd.malicious})
