"""Values that take long to compute."""

import asyncio

from server.remembered import MOST_KEYS, Remembered


class Slow:
    """Computes a value in `takes_s` of a clock of its own, and counts how often."""

    def __init__(self, takes_s: float) -> None:
        self.now, self.takes_s, self.computed = 0.0, takes_s, 0

    async def __call__(self, key: str) -> str:
        self.computed += 1
        await asyncio.sleep(0)
        self.now += self.takes_s
        return f"{key} {self.computed}"

    def values(self) -> Remembered[str, str]:
        return Remembered(self, clock=lambda: self.now)


async def test_many_who_ask_at_once_share_one_computation() -> None:
    slow = Slow(takes_s=0.01)
    values = slow.values()
    assert set(await asyncio.gather(*(values.get("a") for _ in range(50)))) == {"a 1"}
    assert await values.get("b") == "b 2"


async def test_computing_takes_a_twentieth_of_the_time_at_most() -> None:
    slow = Slow(takes_s=2.0)
    values = slow.values()
    while slow.now < 1000:
        await values.get("a")
        slow.now += 0.5
    assert 15 <= slow.computed <= 25  # 2 s in every 42 s


async def test_a_quick_value_is_new_after_three_seconds() -> None:
    slow = Slow(takes_s=0.0)
    values = slow.values()
    assert await values.get("a") == "a 1"
    slow.now = 2.9
    assert await values.get("a") == "a 1"
    slow.now = 3.0
    assert await values.get("a") == "a 2"


async def test_what_fails_is_tried_again() -> None:
    async def fail(key: str) -> str:
        calls.append(key)
        raise ValueError(key)

    calls: list[str] = []
    values = Remembered(fail)
    for _ in range(2):
        try:
            await values.get("a")
        except ValueError:
            continue
    assert calls == ["a", "a"]


async def test_keys_are_bounded() -> None:
    slow = Slow(takes_s=0.0)
    values = slow.values()
    for number in range(MOST_KEYS + 1):
        await values.get(str(number))
    assert await values.get(str(MOST_KEYS)) == f"{MOST_KEYS} {MOST_KEYS + 1}"
    assert await values.get("0") == f"0 {MOST_KEYS + 2}"
