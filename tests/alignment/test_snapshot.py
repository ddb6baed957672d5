"""Snapshots: what is kept, what is dropped and counted, the split, and that the same feedback gives the same bytes."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignment import manifest
from alignment.errors import DamagedArtefact, UnusableFeedback
from alignment.preferences import Comparison, Message, Thumb, read_rows
from alignment.snapshot import stage
from alignment.snapshot.candidates import Candidate, Collected
from alignment.snapshot.clean import clean
from alignment.snapshot.collect import from_ledger
from alignment.snapshot.config import SnapshotConfig
from alignment.snapshot.duplicates import jaccard, near_duplicates, shingles
from alignment.snapshot.from_file import from_file
from alignment.snapshot.split import Split, beginning, prompt_key, use_of
from ledger import completions, feedback, keys, versions
from ledger.database import Database
from ledger.records import Choice, Completion, NewFeedback

CONFIG = SnapshotConfig()


def thumb(name: str, prompt: str = "q", text: str = "a", liked: bool = True, rater: str = "r") -> Thumb:
    return Thumb(
        id=name,
        prompt=(Message(role="user", content=prompt),),
        completion=text,
        liked=liked,
        rater=rater,
        source="thumb",
    )


def pair(name: str, chosen: str, rejected: str, prompt: str = "q", rater: str = "r") -> Comparison:
    messages = (Message(role="user", content=prompt),)
    return Comparison(id=name, prompt=messages, chosen=chosen, rejected=rejected, rater=rater, source="regenerated")


def cleaned(
    *rows: Comparison | Thumb, config: SnapshotConfig = CONFIG, at: Any = None
) -> tuple[list[str], Counter[str]]:
    times = at or [None] * len(rows)
    collected = Collected([Candidate(row, time) for row, time in zip(rows, times, strict=True)])
    kept = [row.id for row in clean(collected, config)]
    return kept, +collected.dropped


def test_a_rater_who_says_the_same_twice_counts_once_and_two_raters_count_twice() -> None:
    kept, dropped = cleaned(thumb("1"), thumb("2", prompt=" Q ", text="A"), thumb("3", rater="other"))
    assert kept == ["1", "3"] and dropped == {"exact_duplicate": 1}


def test_a_rater_who_says_both_is_not_believed_either_way() -> None:
    kept, dropped = cleaned(
        thumb("1"), thumb("2", liked=False), pair("3", "a", "b"), pair("4", "b", "a"), pair("5", "b", "c")
    )
    assert kept == ["5"] and dropped == {"contradiction": 4}


def test_empty_answers_and_comparisons_with_itself_are_dropped() -> None:
    kept, dropped = cleaned(thumb("1", text=" \n"), pair("2", "same ", "Same"), pair("3", "a", ""), thumb("4"))
    assert kept == ["4"] and dropped == {"empty_answer": 2, "same_answer_twice": 1}


def test_votes_faster_than_a_person_reads_are_dropped_within_any_hour() -> None:
    config = SnapshotConfig(max_per_rater_hour=2)
    rows = [thumb(str(index), prompt=f"p{index}") for index in range(5)]
    kept, dropped = cleaned(*rows, config=config, at=[0.0, 10.0, 3599.0, 3600.0, 3700.0])
    assert kept == ["0", "1", "3", "4"] and dropped == {"rater_too_fast": 1}


def test_of_one_rater_only_the_newest_votes_count_and_rows_without_rater_are_not_limited() -> None:
    config = SnapshotConfig(max_per_rater=2)
    rows = [thumb(str(index), prompt=f"p{index}", rater="" if index == 4 else "r") for index in range(5)]
    kept, dropped = cleaned(*rows, config=config)
    assert kept == ["2", "3", "4"] and dropped == {"rater_over_cap": 2}


def test_a_long_conversation_hides_neither_another_question_nor_another_answer() -> None:
    history = " ".join(f"word{index}" for index in range(200))
    kept, dropped = cleaned(
        thumb("1", prompt=history, text="blue"),
        thumb("2", prompt=history + " indeed", text="blue"),
        thumb("3", prompt=history, text="green"),
    )
    assert kept == ["1", "3"] and dropped == {"near_duplicate": 1}


def test_similarity_is_that_of_the_word_triples() -> None:
    # a b c d has {abc, bcd}; a b c e has {abc, bce}: one of three.
    assert jaccard(shingles("A b, c d"), shingles("a b c e")) == pytest.approx(1 / 3)
    assert near_duplicates([["one two three"], ["ONE  two three!"], ["four"]], 0.9) == [None, 0, None]


words = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=12).map(" ".join)


@given(st.lists(words, max_size=12), st.sampled_from([0.5, 0.8, 0.9, 1.0]))
def test_bands_find_what_comparing_all_with_all_finds(texts: list[str], similarity: float) -> None:
    kept: list[int] = []
    expected: list[int | None] = []
    for index, text in enumerate(texts):
        same = [k for k in kept if jaccard(shingles(text), shingles(texts[k])) >= similarity]
        expected.append(same[0] if same else None)
        kept += [] if same else [index]
    assert near_duplicates([[text] for text in texts], similarity) == expected


prompts = st.lists(st.tuples(st.sampled_from(["user", "assistant"]), st.text(max_size=20)), min_size=1, max_size=4)


@given(prompts, st.floats(0.01, 0.98))
def test_prompts_that_differ_in_case_space_or_system_message_stand_on_one_side(
    texts: list[tuple[Any, str]], share: float
) -> None:
    prompt = [Message(role=role, content=text) for role, text in texts]
    spaced = [Message(role=m.role, content=f"  {m.content.casefold()}\n") for m in prompt]
    systemic = [Message(role="system", content="Be kind."), *prompt]
    assert prompt_key(prompt) == prompt_key(spaced) != prompt_key(systemic)
    split, larger = (Split([prompt, spaced, systemic], limit) for limit in (share, share + 0.01))
    assert split.is_heldout(prompt) == split.is_heldout(spaced) == split.is_heldout(systemic)
    assert split.is_heldout(prompt) <= larger.is_heldout(prompt)


def asked(*turns: str) -> list[Message]:
    return [Message(role=("user", "assistant")[place % 2], content=text) for place, text in enumerate(turns)]


def test_the_held_out_share_is_about_what_was_asked_for() -> None:
    prompts = [asked(f"question {index}") for index in range(4000)]
    split = Split(prompts, 0.15)
    assert 0.13 < sum(map(split.is_heldout, prompts)) / 4000 < 0.17  # four standard errors


def test_a_conversation_stands_with_its_first_message_and_with_those_that_begin_nearly_alike() -> None:
    for number in range(40):
        first = asked(f"Write a polite letter to my landlord about the broken heating in flat {number}")
        later = asked(first[0].content, "Dear landlord …", "Now shorter, please.")
        alike = asked(first[0].content + ", please")
        for prompts in ([first, later, alike], [first, alike], [first]):
            assert len({Split(prompts, 0.5).is_heldout(prompt) for prompt in prompts}) == 1
        assert Split([first, alike], 0.5).is_heldout(first) == Split([first], 0.5).is_heldout(first)


def test_each_held_out_prompt_has_one_use_and_each_use_about_a_third() -> None:
    uses = Counter(use_of(asked(f"question {index}")) for index in range(3000))
    assert set(uses) == {"selection", "report", "gate"}
    assert all(900 < count < 1100 for count in uses.values())  # four standard errors
    assert use_of(asked("question 7", "yes", "and then?")) == use_of(asked(" Question 7"))


rows = st.lists(
    st.builds(
        lambda prompt, text, liked, rater: (prompt, text, liked, rater),
        st.text("abc XY", max_size=6),
        st.text("abc", max_size=4),
        st.booleans(),
        st.sampled_from(["ann", "bob", ""]),
    ),
    max_size=20,
)


@settings(max_examples=50)
@given(given_rows=rows)
def test_the_same_feedback_gives_the_same_bytes_and_no_prompt_on_both_sides(
    given_rows: list[tuple[str, str, bool, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    made = []
    for _ in range(2):
        out = tmp_path_factory.mktemp("snapshot")
        candidates = [
            Candidate(thumb(str(index), prompt, text, liked, rater), float(index))
            for index, (prompt, text, liked, rater) in enumerate(given_rows)
        ]
        counts = stage.write(Collected(candidates), SnapshotConfig(heldout_share=0.4), out)
        made.append(manifest.write(out, "snapshot", inputs={}, facts={"counts": counts.model_dump()}))
    assert made[0].to_bytes() == made[1].to_bytes()
    kept = {part: list(read_rows(out / f"thumbs.{part}.jsonl", Thumb)) for part in stage.PARTS}
    keys = {part: {prompt_key(row.prompt) for row in kept[part]} for part in stage.PARTS}
    begun = {part: {beginning(row.prompt) for row in kept[part]} for part in stage.PARTS}
    assert not keys["train"] & keys["heldout"] and not begun["train"] & begun["heldout"]
    assert len(kept["train"]) + len(kept["heldout"]) + sum(counts.dropped.values()) == len(given_rows)
    for part in stage.PARTS:
        lines = (out / f"prompts.{part}.jsonl").read_text().splitlines()
        prompts_of = [prompt_key(map(Message.model_validate, json.loads(line)["prompt"])) for line in lines]
        assert len(prompts_of) == len(set(prompts_of)) and set(prompts_of) == keys[part]


@pytest.mark.parametrize(
    "line",
    [
        {"prompt": "q", "chosen": "a", "rejected": "b"},
        {
            "prompt": [{"role": "user", "content": "q"}],
            "chosen": [{"role": "assistant", "content": "a"}],
            "rejected": [{"role": "assistant", "content": "b"}],
        },
        {
            "chosen": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}],
            "rejected": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "b"}],
            "score": 3,
        },
    ],
)
def test_every_form_of_a_preference_becomes_the_same_row(line: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(line) + "\n\n")
    (candidate,) = from_file(path).candidates
    assert candidate.row == pair("line1", "a", "b", rater="").model_copy(update={"source": "file"})


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "line 1"),
        ("[]", "list instead of an object"),
        ('{"prompt": "q", "completion": "a", "label": 1}', "neither true nor false"),
        ('{"prompt": "q", "answer": "a"}', "neither format"),
        ('{"chosen": "a", "rejected": "b"}', "no prompt"),
        ('{"prompt": [{"content": "x"}], "completion": "a", "label": true}', "no object with role"),
        ('{"prompt": "q", "completion": {"a": 1}, "label": true}', "completion is neither"),
    ],
)
def test_a_line_in_neither_format_is_named(line: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(UnusableFeedback, match=says):
        from_file(path)


def test_a_manifest_names_the_file_that_differs(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    file = tmp_path / "below" / "rows"
    file.write_text("abc")
    manifest.write(tmp_path, "test", inputs={}, facts={})
    manifest.verify(tmp_path)
    file.write_text("abd")
    with pytest.raises(DamagedArtefact, match="below/rows has the SHA-256"):
        manifest.verify(tmp_path)
    file.write_text("abcd")
    with pytest.raises(DamagedArtefact, match="4 bytes instead of 3"):
        manifest.verify(tmp_path)
    file.unlink()
    with pytest.raises(DamagedArtefact, match="below/rows is missing"):
        manifest.verify(tmp_path)
    file.write_text("abc")
    (tmp_path / "stranger").write_text("")
    with pytest.raises(DamagedArtefact, match="stranger"):
        manifest.verify(tmp_path)


def test_votes_of_users_who_count_as_the_same_are_kept_as_one_raters(database: Database) -> None:
    words = [f"{one} {two}" for one in "abcdefgh" for two in "ijklmnop"]
    with database.write() as connection:
        versions.register_base(connection, path="/base", sha256="base")
        key, _ = keys.create(connection, name="chat", owner="chat", scopes=("inference", "feedback"))
        for number, text in enumerate(words):
            answer = Completion(
                id=f"chatcmpl-{number}",
                endpoint="/v1/chat/completions",
                owner="chat",
                key_id=key.id,
                user=f"browser-{number}",
                messages=[{"role": "user", "content": text}],
                params={},
                choices=(Choice(0, f"About {text} {number}.", "stop"),),
                status="complete",
                model_version=1,
                counts_as="client" if number else None,
            )
            completions.insert(connection, answer)
            feedback.add(connection, NewFeedback(answer.id, "chat", answer.user, 1))
    with database.read() as connection:
        collected = from_ledger(connection, SnapshotConfig(max_per_rater=20), base=1)
    by_rater = Counter(row.rater for row in clean(collected, SnapshotConfig(max_per_rater=20)))
    assert sorted(by_rater.values()) == [1, 20]
