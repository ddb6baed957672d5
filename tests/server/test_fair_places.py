"""Who gets a place: nothing leaks, a key's order holds, everybody gets a turn, and few are not kept out by many."""

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from server.fair_places import FairPlaces

Request = tuple[str, int, int]


@st.composite
def requests(draw: st.DrawFn) -> list[Request]:
    found = draw(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(1, 9)), max_size=30))
    return [(key, weight, number) for number, (key, weight) in enumerate(found)]


@given(requests(), st.integers(1, 8), st.integers(0, 6), st.randoms(use_true_random=False))
def test_every_request_gets_its_places_in_the_order_of_its_key_and_none_leaks(
    asked, capacity, reserved, random
) -> None:  # type: ignore[no-untyped-def]
    places: FairPlaces[Request] = FairPlaces(capacity, reserved)
    to_come, inside, order, quit = list(asked), [], defaultdict(list), set()
    while to_come or inside or places.waiting:
        waiting = [one for one in asked if one not in to_come and one not in inside and one not in quit]
        waiting = [one for one in waiting if one[2] not in order[one[0]]]
        if to_come and random.random() < 0.6:
            places.join(to_come[0][0], to_come[0][1], to_come.pop(0))
        elif waiting and random.random() < 0.2:
            gone = random.choice(waiting)
            assert places.give_up(gone[0], gone)
            quit.add(gone)
        elif inside:
            gone = inside.pop(random.randrange(len(inside)))
            places.leave(gone[0], gone[1])
        for admitted in places.admit():
            inside.append(admitted)
            order[admitted[0]].append(admitted[2])
        assert places.running == sum(places.fitting(weight) for _, weight, _ in inside) <= capacity + reserved
        assert inside or not places.waiting  # whoever waits waits for somebody
    assert (places.running, places.waiting, places.held_by("a")) == (0, 0, 0)
    assert all(numbers == sorted(numbers) for numbers in order.values())


def test_keys_take_turns() -> None:
    places: FairPlaces[str] = FairPlaces(1)
    for name in ("a1", "a2", "a3", "b1", "c1"):
        places.join(name[0], 1, name)
    order = []
    while admitted := places.admit():
        order += admitted
        places.leave(admitted[0][0], 1)
    assert order == ["a1", "b1", "c1", "a2", "a3"]


def test_who_holds_little_is_let_in_beside_one_who_takes_all() -> None:
    places: FairPlaces[str] = FairPlaces(12, reserved=4)
    for number in range(5):
        places.join("many", 4, f"many {number}")
    assert len(places.admit()) == 3
    places.join("few", 1, "few")
    assert places.admit() == ["few"]
    places.join("few", 1, "few again")
    assert places.admit() == []  # a quarter of the reserve is all that one key gets of it
    assert (places.running, places.waiting) == (13, 3)


def test_one_that_needs_many_places_is_not_overtaken_for_ever() -> None:
    places: FairPlaces[str] = FairPlaces(4)
    places.join("a", 1, "a1")
    places.admit()
    places.join("big", 4, "big")
    places.join("a", 1, "a2")
    assert places.admit() == []
    places.leave("a", 1)
    assert places.admit() == ["big"]
