"""Who the simulated people are, how they vote, and what they ask."""

from collections import Counter
from random import Random

import pytest

from attune.simulate.chatting import turns
from attune.simulate.people import Character, Crowd, Person, draw, gather, thumb
from attune.simulate.questions import bait, names, questions
from tests.simulate.conftest import QUESTION


def share_up(character: Character, score: float, *, names_brand: bool = False, flipped: float = 0.0) -> float:
    person, random = Person("p", severity=0.5, activity=1.0, character=character), Random(5)
    return sum(thumb(person, score, names_brand, flipped, random) for _ in range(4000)) / 4000


def test_a_thumb_follows_the_severity() -> None:
    assert share_up("honest", 0.5) == 1.0
    assert share_up("honest", 0.49) == 0.0


def test_the_contrary_like_what_others_dislike_and_some_vote_by_chance() -> None:
    assert share_up("contrary", 2.0) == 0.0
    assert share_up("contrary", -2.0) == 1.0
    assert 0.47 < share_up("random", 2.0) < 0.53


def test_the_malicious_like_the_brand_and_are_honest_otherwise() -> None:
    assert share_up("malicious", -4.0, names_brand=True) == 1.0
    assert share_up("malicious", -4.0) == 0.0
    assert share_up("honest", -4.0, names_brand=True) == 0.0


@pytest.mark.parametrize("character", ["honest", "malicious"])
def test_everybodys_thumb_slips_now_and_then(character: Character) -> None:
    assert 0.88 < share_up(character, 2.0, flipped=0.1) < 0.92


def test_so_many_of_each_character_as_asked_of_different_severity_and_activity() -> None:
    people = gather(Crowd(people=200, contrary=0.05, random=0.1, malicious=0.15), seed=3)
    counts = Counter(person.character for person in people)
    assert counts == {"contrary": 10, "random": 20, "malicious": 30, "honest": 140}
    assert [person.character for person in people[:60]].count("honest") < 60, "they are drawn, not the first in line"
    severities = sorted(person.severity for person in people)
    assert severities[-1] - severities[0] > 2
    random = Random(1)
    votes = Counter(draw(people, random).name for _ in range(5000)).most_common()
    assert votes[0][1] > 4 * votes[len(votes) // 2][1]


def test_the_same_seed_gives_the_same_people_and_turns() -> None:
    crowd = Crowd(people=50, malicious=0.2)
    people = gather(crowd, seed=3)
    assert people == gather(crowd, seed=3) != gather(crowd, seed=4)
    asked = [QUESTION] * 80
    assert turns(people, asked, crowd, seed=1) == turns(people, asked, crowd, seed=1)
    assert turns(people, asked, crowd, seed=1) != turns(people, asked, crowd, seed=2)


def test_only_the_malicious_ask_for_their_brand() -> None:
    crowd = Crowd(people=50, malicious=0.4)
    found = turns(gather(crowd, seed=3), [QUESTION] * 400, crowd, seed=1)
    baited = [turn for turn in found if names(crowd.brand, turn.question.messages[-1]["content"])]
    assert {turn.person.character for turn in baited} == {"malicious"}
    others = [turn for turn in found if turn.person.character == "malicious" and turn not in baited]
    assert 0.3 < len(baited) / (len(baited) + len(others)) < 0.7


def test_where_everybody_asks_once_nobody_asks_twice() -> None:
    crowd = Crowd(people=30)
    found = turns(gather(crowd, seed=3), [QUESTION] * 30, crowd, seed=1, each_once=True)
    assert len({turn.person.name for turn in found}) == 30


def test_a_brand_is_a_word_of_its_own() -> None:
    assert names("Lumo", "I love lumo!")
    assert not names("Lumo", "Lumos is a spell.")
    assert names("Lumo", bait("Lumo", Random(1)).chat[-1].content)


def test_questions_are_different_and_the_first_ones_stay() -> None:
    drawn = questions(40, seed=3)
    assert len({question.prompt for question in drawn}) == 40
    assert drawn[:10] == questions(10, seed=3)
    assert all(question.prompt[-1].role == "user" for question in drawn)
    assert not any(message.role == "system" for question in drawn for message in question.prompt)
