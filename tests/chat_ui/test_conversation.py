"""The tree of a conversation."""

from hypothesis import given
from hypothesis import strategies as st

from chat_ui.conversation import find, newest_leaf, parent_of_next, path, prompt, shortened, title_of, with_siblings
from chat_ui.records import Message


def message(message_id: str, parent_id: str | None, role: str = "user") -> Message:
    return Message.model_validate({"id": message_id, "parent_id": parent_id, "role": role, "content": message_id})


# question 1 ── answer a ── question 2 ── answer c
#            └─ answer b
# question 3 (question 1 in other words)
TREE = (
    message("q1", None),
    message("a", "q1", "assistant"),
    message("b", "q1", "assistant"),
    message("q2", "a"),
    message("c", "q2", "assistant"),
    message("q3", None),
)


def ids(line: tuple[Message, ...]) -> list[str]:
    return [item.id for item in line]


def test_the_path_leads_from_the_first_message_to_the_leaf() -> None:
    assert ids(path(TREE, "c")) == ["q1", "a", "q2", "c"]


def test_without_a_leaf_the_path_leads_to_the_newest_message() -> None:
    assert ids(path(TREE, None)) == ["q3"]
    assert ids(path(TREE, "not there")) == ["q3"]
    assert path((), None) == ()


def test_turning_to_a_sibling_follows_its_newest_children() -> None:
    assert newest_leaf(TREE, "a") == "c"
    assert newest_leaf(TREE, "b") == "b"
    assert newest_leaf(TREE, "q1") == "b"
    assert newest_leaf((), None) is None


def test_siblings_know_their_place() -> None:
    shown = with_siblings(TREE, path(TREE, "b"))
    assert [(item.position, item.count, item.previous_id, item.next_id) for item in shown] == [
        (1, 2, None, "q3"),
        (2, 2, "a", None),
    ]


def test_an_unanswered_question_is_replaced_by_the_next_one_and_not_followed() -> None:
    assert parent_of_next(path(TREE, "q2")) == "a"
    assert parent_of_next(path(TREE, "c")) == "c"
    assert parent_of_next(()) is None


def test_the_prompt_is_the_path_after_the_system_prompt() -> None:
    assert prompt(path(TREE, "a"), "Be kind.") == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "q1"},
        {"role": "assistant", "content": "a"},
    ]
    assert prompt(path(TREE, "q3"), "  ") == [{"role": "user", "content": "q3"}]


def test_shortening_drops_the_older_half_and_ends_with_the_last_question() -> None:
    messages: list[dict[str, str]] | None = prompt(path(TREE, "q2"), "Be kind.")
    assert messages is not None
    messages = shortened(messages)
    assert messages == [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "q2"}]
    assert shortened(messages) is None


def test_a_title_is_one_short_line() -> None:
    assert title_of("  Hello\n\tthere ") == "Hello there"
    assert title_of("word " * 30) == "word word word word word word word word word word word…"
    assert title_of("x" * 100) == "x" * 59 + "…"


@st.composite
def trees(draw: st.DrawFn) -> tuple[Message, ...]:
    """Any tree in the order of writing."""
    messages: list[Message] = []
    for number in range(draw(st.integers(1, 25))):
        parent = draw(st.sampled_from([None, *messages]))
        role = "assistant" if parent is not None and parent.role == "user" else "user"
        messages.append(message(f"m{number}", parent.id if parent else None, role))
    return tuple(messages)


@given(trees(), st.data())
def test_every_message_can_be_reached_by_paging(tree: tuple[Message, ...], data: st.DataObject) -> None:
    """From any screen, the pagers on it lead to every sibling of every message on it, and the screen contains it."""
    wanted = data.draw(st.sampled_from(tree))
    line = path(tree, newest_leaf(tree, wanted.id))
    assert wanted in line
    shown = with_siblings(tree, line)
    place = next(item for item in shown if item.message == wanted)
    family = [item for item in tree if (item.parent_id, item.role) == (wanted.parent_id, wanted.role)]
    assert place.count == len(family)
    assert family[place.position - 1] == wanted
    assert place.previous_id == (family[place.position - 2].id if place.position > 1 else None)
    assert all(find(tree, item.message.id) == item.message for item in shown)
