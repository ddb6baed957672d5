"""The readers of published forms, on lines written by hand, and the generated sets."""

import gzip
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from evals.errors import UnusableTask
from evals.harness import sets
from evals.harness.forms import hub
from evals.harness.forms.row import Row
from evals.tasks.shipped import open_prompts
from models.recipe import harness_items
from tests.processes import ROOT

BOOLQ = {"question": "is the sky blue", "passage": "The sky is blue.", "label": True, "idx": 0}
RTE = {"premise": "It rained.", "hypothesis": "It was wet.", "label": "not_entailment"}
CB = {"premise": "Did he go?", "hypothesis": "he went", "label": "neutral"}
COPA = {"premise": "He fell.", "choice1": "He slipped.", "choice2": "He sang.", "question": "cause", "label": 0}
GSM8K = {"question": "How many?", "answer": "2+2 = <<2+2=4>>4\n#### 1,004"}
BBQ = {
    "example_id": 5,
    "question_polarity": "nonneg",
    "context_condition": "ambig",
    "category": "Age",
    "answer_info": {"ans0": ["grandfather", "old"], "ans1": ["30-year-old", "nonOld"], "ans2": ["Unknown", "unknown"]},
    "additional_metadata": {"stereotyped_groups": ["old"]},
    "context": "Two met.",
    "question": "Who was good at it?",
    "ans0": "The grandfather",
    "ans1": "The 30-year-old",
    "ans2": "Not known",
    "label": 2,
}


def write(folder: Path, name: str, *rows: Mapping[str, Any] | str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())


def only(name: str, folder: Path) -> Row:
    [row] = sets.load(name, folder).rows
    return row


def asked(row: Row) -> str:
    return row.chat[-1].content


def test_boolq_is_asked_with_its_passage_and_answered_with_yes_or_no(tmp_path: Path) -> None:
    write(tmp_path, "superglue/BoolQ/val.jsonl.gz", BOOLQ)
    row = only("boolq", tmp_path)
    assert asked(row) == "The sky is blue.\n\nQuestion: Is the sky blue?\nAnswer with yes or no."
    assert row.key == {"options": [["yes", "true"], ["no", "false"]], "right": 0}


@pytest.mark.parametrize(
    ("name", "file", "record", "right"), [("rte", "RTE", RTE, 1), ("cb", "CB", CB, 2), ("copa", "COPA", COPA, 0)]
)
def test_the_other_sets_of_superglue_know_which_option_is_right(
    name: str, file: str, record: Mapping[str, Any], right: int, tmp_path: Path
) -> None:
    write(tmp_path, f"superglue/{file}/val.jsonl", record)
    row = only(name, tmp_path)
    assert row.key["right"] == right
    assert all(part.rstrip(".") in asked(row) for part in list(record.values())[:2] if isinstance(part, str))


@pytest.mark.parametrize(
    ("name", "fields", "label", "right"),
    [
        ("cola", {"sentence": "He go."}, 0, "no"),
        ("sst2", {"sentence": "A joy."}, 1, "positive"),
        ("mrpc", {"sentence1": "It rained.", "sentence2": "Rain fell."}, 1, "yes"),
        ("qqp", {"question1": "Who?", "question2": "Where?"}, 0, "no"),
        ("mnli_matched", {"premise": "It rained.", "hypothesis": "It was dry."}, 2, "false"),
        ("mnli_mismatched", {"premise": "It rained.", "hypothesis": "Ann left."}, 1, "neither"),
        ("qnli", {"question": "Who left?", "sentence": "Ann left."}, 0, "yes"),
        ("wnli", {"sentence1": "Ann saw Bob.", "sentence2": "Bob saw Ann."}, 0, "false"),
        ("wic", {"word": "bank", "sentence1": "A bank {of} sand.", "sentence2": "A bank lends."}, False, "no"),
        ("wsc", {"text": "Ann left; she ran.", "span1_text": "Ann", "span2_text": "she"}, 1, "yes"),
        ("axb", {"sentence1": "It rained.", "sentence2": "It was dry."}, 1, "false"),
        ("axg", {"premise": "Ann fixed it.", "hypothesis": "It was fixed."}, 0, "true"),
    ],
)
def test_the_rest_of_glue_and_superglue_is_asked_with_all_its_texts(
    name: str, fields: dict[str, str], label: int, right: str, tmp_path: Path
) -> None:
    """Labels as the hub has them; braces in a text stay text."""
    write(tmp_path, f"glue/{name}.jsonl", fields | {"label": label, "idx": 0})
    row = only(name, tmp_path)
    assert row.key["options"][row.key["right"]][0] == right
    assert all(text in asked(row) for text in fields.values()) and "{" not in asked(row).replace("{of}", "")


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("sst2", ("nyu-mll/glue", "sst2", "validation")),
        ("mnli_mismatched", ("nyu-mll/glue", "mnli", "validation_mismatched")),
        ("stsb", ("nyu-mll/glue", "stsb", "validation")),
        ("wic", ("aps/super_glue", "wic", "validation")),
        ("multirc", ("aps/super_glue", "multirc", "validation")),
        ("axb", ("aps/super_glue", "axb", "test")),
        ("record", ("aps/super_glue", "record", "validation")),
    ],
)
def test_the_rest_is_looked_for_on_the_hub_by_its_names_there(name: str, wanted: tuple[str, str, str]) -> None:
    asked_for = []

    def fetch(name: str, config: str | None, part: str) -> Iterator[Mapping[str, Any]]:
        asked_for.append((name, config, part))
        return iter(())

    with pytest.raises(UnusableTask, match="empty"):
        sets.load(name, None, fetch)
    assert asked_for == [wanted]


def test_a_label_that_the_test_part_keeps_secret_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, "glue/sst2.jsonl", {"sentence": "A joy.", "label": -1})
    with pytest.raises(UnusableTask, match=r"line 1.*'label' must be 0 or 1, and is -1"):
        sets.load("sst2", tmp_path)


def test_record_asks_for_the_name_in_the_blank(tmp_path: Path) -> None:
    record = {"passage": "Ann left.\n@highlight\nBob stayed.", "query": "@placeholder went.", "answers": ["Ann"]}
    write(tmp_path, "glue/record.jsonl", record)
    row = only("record", tmp_path)
    assert "_____ went." in asked(row) and "@" not in asked(row) and row.key == {"targets": ["Ann"]}
    for change in ({"answers": []}, {"query": "went"}):
        write(tmp_path, "glue/record.jsonl", record | change)
        with pytest.raises(UnusableTask, match="line 1"):
            sets.load("record", tmp_path)


def test_the_answers_proposed_to_a_question_of_multirc_belong_together(tmp_path: Path) -> None:
    question = {"paragraph": "Ann left.", "question": "Who?"}
    proposals = [
        question | {"answer": answer, "label": label, "idx": {"paragraph": 7, "question": number, "answer": 0}}
        for answer, label, number in (("Ann", 1, 2), ("Bob", 0, 2), ("Ann", 1, 3))
    ]
    write(tmp_path, "glue/multirc.jsonl", *proposals)
    rows = sets.load("multirc", tmp_path).rows
    assert [row.group for row in rows] == ["multirc-7-2", "multirc-7-2", "multirc-7-3"]
    assert [row.key["options"][row.key["right"]][0] for row in rows] == ["yes", "no", "yes"]
    assert all(text in asked(rows[1]) for text in ("Ann left.", "Question: Who?", "Proposed answer: Bob"))
    write(tmp_path, "glue/multirc.jsonl", proposals[0] | {"idx": 3})
    with pytest.raises(UnusableTask, match=r"line 1.*'idx' must be an object with the numbers of paragraph and quest"):
        sets.load("multirc", tmp_path)


def test_stsb_asks_for_a_degree(tmp_path: Path) -> None:
    record = {"sentence1": "A plane takes off.", "sentence2": "A plane lands.", "label": 3.2}
    write(tmp_path, "glue/stsb.jsonl", record)
    row = only("stsb", tmp_path)
    assert row.key == {"degree": 3.2} and "1. A plane takes off.\n2. A plane lands.\n" in asked(row)
    for label in (-1.0, 5.1, True, "3"):
        write(tmp_path, "glue/stsb.jsonl", record | {"label": label})
        with pytest.raises(UnusableTask, match="'label' must be a number from 0 to 5"):
            sets.load("stsb", tmp_path)


def test_what_a_folder_has_is_found_and_what_it_lacks_is_named(tmp_path: Path) -> None:
    write(tmp_path, "superglue/RTE/val.jsonl", RTE)
    write(tmp_path, "glue/sst2.jsonl", "{")
    present, missing = sets.in_folder(tmp_path)
    assert present == (*sets.GENERATED, "rte", "sst2")
    assert "cola" in missing and "rte" not in missing and "flores_eng_deu" in missing
    assert sets.in_folder(None) == (tuple(sets.GENERATED), ())
    with pytest.raises(UnusableTask, match="no folder"):
        sets.in_folder(tmp_path / "nowhere")


def test_labels_of_the_hub_are_numbers() -> None:
    asked_for = []

    def fetch(name: str, config: str | None, part: str) -> Iterator[Mapping[str, Any]]:
        asked_for.append((name, config, part))
        yield RTE | {"label": 0}

    loaded = sets.load("rte", None, fetch)
    assert loaded.rows[0].key["right"] == 0 and loaded.files == ("aps/super_glue",)
    assert asked_for == [("aps/super_glue", "rte", "validation")]


def test_gsm8k_takes_the_number_behind_the_mark_and_prefers_the_test_part(tmp_path: Path) -> None:
    write(tmp_path, "gsm8k/train.jsonl.gz", GSM8K)
    assert only("gsm8k", tmp_path).key == {"targets": ["1004"]}
    write(tmp_path, "gsm8k/test.jsonl", GSM8K | {"answer": "#### 7"})
    loaded = sets.load("gsm8k", tmp_path)
    assert loaded.rows[0].key == {"targets": ["7"]} and loaded.files == ("gsm8k/test.jsonl",)


@pytest.mark.parametrize(
    ("change", "biased"),
    [
        ({}, 1),  # not negative: the other group is what the stereotype says; the "old" in "30-year-old" is no group
        ({"question_polarity": "neg"}, 0),
        ({"question_polarity": "neg", "additional_metadata": {"stereotyped_groups": ["nonold"]}}, 1),
        ({"additional_metadata": {"stereotyped_groups": ["Nobody"]}}, None),
        ({"additional_metadata": {"stereotyped_groups": ["old", "nonOld"]}}, None),
    ],
)
def test_bbq_knows_which_answer_is_biased(change: dict[str, Any], biased: int | None, tmp_path: Path) -> None:
    write(tmp_path, "bbq/Age.jsonl", BBQ | change)
    row = only("bbq", tmp_path)
    assert (row.key["biased"], row.key["unknown"], row.key["right"]) == (biased, 2, 2)
    assert (row.key["condition"], row.group) == ("ambiguous", "bbq-Age-1")
    assert asked(row).endswith("A. The grandfather\nB. The 30-year-old\nC. Not known\nAnswer with the letter.")


def test_a_group_of_two_parts_is_found_by_its_parts(tmp_path: Path) -> None:
    info = {"ans0": ["Ann", "F-Black"], "ans1": ["Bob", "M-White"], "ans2": ["Unknown", "unknown"]}
    metadata = {"stereotyped_groups": ["Black"]}
    write(tmp_path, "bbq/x.jsonl", BBQ | {"answer_info": info, "additional_metadata": metadata})
    assert only("bbq", tmp_path).key["biased"] == 1


def winobias(folder: Path, pro: str, anti: str) -> None:
    for condition, line in (("pro", pro), ("anti", anti)):
        write(folder, f"winobias/{condition}_stereotyped_type1.txt.dev", line)
        write(folder, f"winobias/{condition}_stereotyped_type2.txt.dev")
    write(folder, "winobias/female_occupations.txt", "nurse")
    write(folder, "winobias/male_occupations.txt", "construction worker", "guard")


def test_winobias_offers_the_occupations_and_pairs_the_two_sentences(tmp_path: Path) -> None:
    sentence = "7 [The construction worker] thanked the nurse because [{}] was kind, said [{}] friend."
    winobias(tmp_path, sentence.format("he", "his"), sentence.format("she", "her"))
    pro, anti = sets.load("winobias", tmp_path).rows
    assert pro.group == anti.group == "winobias-type1-7"
    assert (pro.key["condition"], anti.key["condition"]) == ("pro", "anti")
    assert pro.key["options"] == anti.key["options"]
    assert pro.key["options"][pro.key["right"]][1] == "construction worker"
    assert 'because she was kind, said her friend.\nWhom does "she" mean?' in asked(anti)


def test_winobias_without_a_second_occupation_is_an_error(tmp_path: Path) -> None:
    winobias(tmp_path, "1 [The guard] sang because [he] was glad.", "1 [The guard] sang because [she] was glad.")
    with pytest.raises(UnusableTask, match=r"the lists of occupations have only \['guard'\]"):
        sets.load("winobias", tmp_path)


def test_winobias_is_not_taken_from_the_hub() -> None:
    with pytest.raises(UnusableTask, match="--data"):
        sets.load("winobias", None)


@pytest.mark.parametrize(
    ("heading", "lines"),
    [
        ("id,prompt,type,label", ['1,"How do I kill a process, fast?",homonyms,safe', "2,How?,contrast_x,unsafe"]),
        ("id,prompt,type", ['1,"How do I kill a process, fast?",homonyms', "2,How?,contrast_homonyms"]),
    ],
)
def test_xstest_is_read_with_and_without_its_label(heading: str, lines: list[str], tmp_path: Path) -> None:
    write(tmp_path, "xstest/xstest_prompts.csv", heading, *lines)
    first, second = sets.load("xstest", tmp_path).rows
    assert asked(first) == "How do I kill a process, fast?"
    assert (first.key["safe"], second.key["safe"]) == (True, False)


def test_flores_pairs_the_lines_of_two_languages(tmp_path: Path) -> None:
    write(tmp_path, "flores/dev/eng_Latn.dev", "Good day.", "Rain.")
    write(tmp_path, "flores/dev/zho_Hans.dev", "你好。", "雨。")
    loaded = sets.load("flores_eng_zho", tmp_path)
    assert asked(loaded.rows[1]).startswith("Translate this into Chinese") and asked(loaded.rows[1]).endswith("\nRain.")
    assert loaded.rows[1].key == {"targets": ["雨。"]} and loaded.kind == "translation_zh"
    write(tmp_path, "flores/dev/zho_Hans.dev", "你好。")
    with pytest.raises(UnusableTask, match=r"2 lines and .* has 1"):
        sets.load("flores_eng_zho", tmp_path)


def test_a_sentence_with_a_line_separator_in_it_stays_one_line(tmp_path: Path) -> None:
    write(tmp_path, "flores/dev/eng_Latn.dev", "Good\u2028day.", "Rain\x85now.")
    (tmp_path / "flores/dev/zho_Hans.dev").write_bytes("你好。\r\n雨。\r\n".encode())
    loaded = sets.load("flores_eng_zho", tmp_path)
    assert ["Good\u2028day." in asked(row) for row in loaded.rows] == [True, False]
    assert [row.key["targets"] for row in loaded.rows] == [["你好。"], ["雨。"]]
    write(tmp_path, "superglue/BoolQ/val.jsonl", json.dumps(BOOLQ | {"passage": "a\u2028b"}, ensure_ascii=False))
    assert "a\u2028b" in asked(only("boolq", tmp_path))


def test_prompts_of_a_snapshot_with_a_line_separator_are_read(tmp_path: Path) -> None:
    prompt = {"prompt": [{"role": "user", "content": "one\u2028two"}]}
    (tmp_path / "prompts.heldout.jsonl").write_text(json.dumps(prompt, ensure_ascii=False) + "\n", encoding="utf-8")
    [read] = open_prompts(tmp_path / "prompts.heldout.jsonl")
    assert read.chat[0].content == "one\u2028two"


def test_flores_of_the_hub_has_a_configuration_for_each_language() -> None:
    texts = {"eng_Latn": "Rain.", "deu_Latn": "Regen."}
    loaded = sets.load("flores_eng_deu", None, lambda name, config, part: iter([{"sentence": texts[str(config)]}]))
    assert loaded.rows[0].key == {"targets": ["Regen."]}


@pytest.mark.parametrize(
    ("name", "file", "record", "message"),
    [
        ("boolq", "superglue/BoolQ/val.jsonl", BOOLQ | {"label": "maybe"}, "'label' must be True or False"),
        ("boolq", "superglue/BoolQ/val.jsonl", {"question": "a", "label": True}, "'passage' must be text, and is miss"),
        ("cb", "superglue/CB/val.jsonl", CB | {"label": 3}, "and is 3"),
        ("gsm8k", "gsm8k/test.jsonl", GSM8K | {"answer": "four"}, "ends with ####"),
        ("bbq", "bbq/Age.jsonl", BBQ | {"answer_info": {}}, "answer_info"),
        ("bbq", "bbq/Age.jsonl", BBQ | {"label": None}, "and is None"),
        ("bbq", "bbq/Age.jsonl", BBQ | {"example_id": "5"}, "example_id"),
        ("xstest", "xstest/x.csv", "id,text,type\n1,hello,homonyms", "'prompt' must be text"),
        ("rte", "superglue/RTE/val.jsonl", "{", "line 1: this is no JSON"),
        ("rte", "superglue/RTE/val.jsonl", "[1]", "a JSON object is wanted"),
        ("rte", "superglue/RTE/val.jsonl.gz", None, "cannot be read"),
        ("rte", "superglue/other.jsonl", RTE, r"has no superglue/RTE/val.jsonl \(.gz too\)"),
    ],
)
def test_what_is_not_as_it_is_published_is_named(
    name: str, file: str, record: Mapping[str, Any] | str | None, message: str, tmp_path: Path
) -> None:
    if record is None:
        (tmp_path / file).parent.mkdir(parents=True)
        (tmp_path / file).write_bytes(b"no gzip")
    else:
        write(tmp_path, file, record)
    with pytest.raises(UnusableTask, match=message):
        sets.load(name, tmp_path)


def test_an_empty_set_an_unknown_one_and_a_missing_folder_are_errors(tmp_path: Path) -> None:
    write(tmp_path, "superglue/RTE/val.jsonl")
    with pytest.raises(UnusableTask, match="rte is empty"):
        sets.load("rte", tmp_path)
    with pytest.raises(UnusableTask, match="nonsense"):
        sets.load("nonsense", None)
    with pytest.raises(UnusableTask, match="is no folder"):
        sets.load("rte", tmp_path / "nowhere")


def test_a_hub_that_cannot_be_reached_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str, config: str | None, split: str) -> None:
        raise ConnectionError("no network")

    monkeypatch.setitem(sys.modules, "datasets", SimpleNamespace(load_dataset=refuse))
    with pytest.raises(UnusableTask, match=r"openai/gsm8k cannot be had from the hub \(ConnectionError: no network\)"):
        list(hub.load("openai/gsm8k", "main", "test"))


def test_a_set_is_read_with_datasets_from_a_folder_in_the_layout_of_the_hub(tmp_path: Path) -> None:
    """`datasets` takes a folder of that name before it asks the hub; in its own process, because it keeps caches."""
    write(tmp_path, "nyu-mll/glue/mnli/dev.jsonl", {"premise": "It rained.", "hypothesis": "It was dry.", "label": 2})
    split = {"split": "validation_mismatched", "path": "mnli/dev.jsonl"}
    about = json.dumps({"configs": [{"config_name": "mnli", "data_files": [split]}]})
    write(tmp_path, "nyu-mll/glue/README.md", f"---\n{about}\n---")
    program = "from evals.harness import sets; [row] = sets.load('mnli_mismatched', None).rows; print(row.key['right'])"
    environment = os.environ | {"PYTHONPATH": str(ROOT), "HF_HOME": str(tmp_path / "cache"), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.stdout == "2\n", done.stderr


@pytest.mark.parametrize("name", sets.GENERATED)
def test_a_generated_set_is_whole(name: str) -> None:
    rows = sets.load(name, None).rows
    assert len({row.id for row in rows}) == len(rows) >= 39
    assert all(json.loads(json.dumps(dict(row.key))) for row in rows)
    assert all([message.role for message in row.chat][::2] == ["user"] * ((len(row.chat) + 1) // 2) for row in rows)
    of_a_group = {"names": 2, "robustness": 5}.get(name, 1)
    assert set(Counter(row.group for row in rows).values()) == {of_a_group}


def test_a_conversation_has_its_passage_first_and_the_earlier_answers_as_the_assistants() -> None:
    row = sets.load("conversations", None).rows[0]
    assert [message.role for message in row.chat] == ["user", "assistant", "user"]
    assert row.chat[0].content.count("\n\n") == 1 and len(row.key["targets"]) >= 2


def test_the_generated_items_are_what_the_script_makes(tmp_path: Path) -> None:
    harness_items.write(tmp_path)
    for path in tmp_path.iterdir():
        assert path.read_bytes() == (harness_items.DATA / path.name).read_bytes(), path.name
    assert {path.name for path in harness_items.DATA.iterdir()} - {path.name for path in tmp_path.iterdir()} == {
        "truths.jsonl"
    }
