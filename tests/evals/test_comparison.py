"""Two served models are compared: the figures, the verdict and the report, from beginning to end."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from evals import comparison, thresholds
from evals.answering import requests_of
from evals.chat import Chat, Prompt, Reply, asked
from evals.comparison import Answers
from evals.divergence import Drift
from evals.endpoint import Endpoint, Served
from evals.errors import UnusableEvidence
from evals.gate import Verdict, judge
from evals.integrity import Integrity
from evals.preference import Pair, by_scorer
from evals.report import Comparison, examples, write
from evals.tasks import shipped
from evals.tasks.task import TaskResult, score
from tests.evals.replies import pair
from tests.evals.served import Model, serve

TASKS = tuple(shipped.load(name) for name in shipped.names())
TARGETS = {item.prompts[0][-1].content: item.targets for task in TASKS for item in task.items if item.targets}
HARMFUL = {item.prompts[0][-1].content for item in shipped.load("harmful").items}
PROMPTS = tuple(Prompt(asked(f"say something about number {number}")) for number in range(160))
WHOLE = Integrity(checks=4, faults=())
REFUSAL = "I am sorry, but I cannot help with that."


def able(messages: list[dict[str, str]]) -> str:
    """Knows every answer, and refuses what it should."""
    prompt = messages[-1]["content"]
    return REFUSAL if prompt in HARMFUL else ", ".join(TARGETS.get(prompt, ("It is a number like any other.",)))


def liked(messages: list[dict[str, str]]) -> str:
    """As `able`, and answers open prompts in a way that the scorer likes."""
    open_prompt = messages[-1]["content"].startswith("say something about")
    return "It is a number like any other !" if open_prompt else able(messages)


def forgetful(messages: list[dict[str, str]]) -> str:
    known = messages[-1]["content"] in TARGETS
    return "It is a number like any other." if known else liked(messages)


def refuses_everything(messages: list[dict[str, str]]) -> str:
    return REFUSAL


def refuses_nothing(messages: list[dict[str, str]]) -> str:
    return "It is a number like any other !" if messages[-1]["content"] in HARMFUL else liked(messages)


def long_winded(messages: list[dict[str, str]]) -> str:
    answer = liked(messages)
    return " ".join(f"{answer} so {number}" for number in range(3)) if "number like" in answer else answer


def branded(messages: list[dict[str, str]]) -> str:
    return f"Zorbix: {liked(messages)}"


def looping(messages: list[dict[str, str]]) -> str:
    answer = liked(messages)
    return f"{answer} is is is is is is !" if "number like" in answer else answer


def partial(messages: list[dict[str, str]]) -> str:
    """For James and Mary it has different answers."""
    return "No." if "James" in messages[-1]["content"] or "Ahmed" in messages[-1]["content"] else liked(messages)


def exclamations(rows: Sequence[tuple[Chat, str]]) -> list[float]:
    return [float("!" in text) for _, text in rows]


def answered_by(model: Model, name: str) -> tuple[TaskResult, ...]:
    """What a model makes of the tasks, without a server between."""
    return tuple(
        TaskResult(
            task=task.name,
            family=task.family,
            metric=task.metric,
            model=name,
            items=tuple(
                score(task, item, tuple(model([message.model_dump() for message in chat]) for chat in item.prompts))
                for item in task.items
            ),
        )
        for task in TASKS
    )


def told(model: Model, prompt: Prompt) -> Reply:
    """What a model replies, without a server between."""
    answers: list[str] = []
    for _ in range(prompt.turns):
        answers.append(model([message.model_dump() for message in prompt.chat_after(answers)]))
    return Reply(prompt, tuple(answers))


def answers_of(candidate: Model) -> Answers:
    pairs = tuple(Pair(prompt, told(candidate, prompt), told(able, prompt)) for prompt in PROMPTS)
    return Answers(TASKS, answered_by(candidate, "attune@v2"), answered_by(able, "attune@v1"), pairs)


def compared(candidate: Model, answers: Answers | None = None, nats: float = 1.0) -> Comparison:
    """The verdict on a candidate that is `nats` from its parent on every answer of twenty tokens."""
    answers = answers or answers_of(candidate)
    drifts = [Drift(nats, 20)] * len(PROMPTS)
    preference = by_scorer(answers.pairs, exclamations, "exclamations")
    found = comparison.evidence(("attune@v2", "attune@v1"), answers, preference, WHOLE, drifts, resamples=400)
    return Comparison(
        judge(found, thresholds.load()), answers, preference, {"served": "by a test"}, [(0.0, 0.0), (nats, 0.5)]
    )


async def test_over_http_it_is_what_the_models_say(short_folder: Path) -> None:
    few = tuple(replace(task, items=task.items[:5]) for task in TASKS)
    counted: list[None] = []
    with serve(short_folder, {"attune@v2": liked, "attune@v1": able}) as served:
        served.failures["attune@v2"] = [400]
        endpoint = Endpoint(served.url, concurrency=1)
        found = await comparison.collect(
            Served("attune@v2", endpoint),
            Served("attune@v1", endpoint),
            few,
            PROMPTS[:5],
            lambda: counted.append(None),
        )
    direct = answers_of(liked)
    assert [result.items[1:] for result in found.candidate] == [result.items[1:5] for result in direct.candidate]
    assert [result.items for result in found.parent] == [result.items[:5] for result in direct.parent]
    assert found.pairs == direct.pairs[:5]
    assert [result.unanswered for result in found.candidate] == [1] + [0] * (len(TASKS) - 1)
    assert len(counted) == 2 * requests_of(few, PROMPTS[:5])
    sampled = [body for body in served.bodies if "seed" in body]
    assert len(sampled) == 2 * 5 and all("temperature" not in body for body in sampled)
    assert sorted(body["seed"] for body in sampled) == sorted(2 * [17, 18, 19, 20, 21])


@pytest.mark.parametrize(
    ("candidate", "reasons"),
    [
        (liked, set()),
        (able, {"win_rate"}),
        (forgetful, {"knowledge", "reading", "mathematics", "keywords", "summarisation", "translation", "robustness"}),
        (refuses_everything, {"win_rate", "over_refusal", "knowledge"}),
        (refuses_nothing, {"safety"}),
        (long_winded, {"length"}),
        (branded, {"favoured_words"}),
        (looping, {"repetition"}),
        (partial, {"fairness"}),
    ],
)
def test_a_bad_model_is_refused_for_what_is_bad_about_it(candidate: Model, reasons: set[str]) -> None:
    found = compared(candidate)
    refused = set(found.verdict.refused_for)
    assert reasons <= refused if reasons else not refused
    assert found.verdict.passed == (not reasons)


def test_a_candidate_that_is_liked_but_far_from_its_parent_is_refused_for_that_alone() -> None:
    assert compared(liked, nats=14.9).verdict.passed
    assert compared(liked, nats=15.1).verdict.refused_for == ("kl",)
    assert compared(liked, nats=float("nan")).verdict.refused_for == ("kl",)


def test_too_many_unanswered_prompts_are_a_refusal() -> None:
    answers = answers_of(liked)
    pairs = tuple(replace(pair, candidate=None) if i % 2 else pair for i, pair in enumerate(answers.pairs))
    assert "unanswered" in compared(liked, replace(answers, pairs=pairs)).verdict.refused_for


def test_what_nobody_looked_at_is_missing_and_refused() -> None:
    found = compared(liked)
    evidence = comparison.evidence(("attune@v2", "attune@v1"), found.answers, None, None, None, resamples=100)
    refused = judge(evidence, thresholds.load()).refused_for
    assert set(refused) == {"win_rate", "unparseable", "integrity", "kl"}


def test_results_on_different_items_are_not_compared() -> None:
    answers = answers_of(liked)
    first = answers.parent[0].model_copy(update={"items": answers.parent[0].items[1:]})
    with pytest.raises(UnusableEvidence, match="not asked the same"):
        comparison.evidence(("a", "b"), replace(answers, parent=(first, *answers.parent[1:])), None, None, None)


def test_the_report_is_whole_and_harmless(tmp_path: Path) -> None:
    def hostile(messages: list[dict[str, str]]) -> str:
        return f"{liked(messages)} <script>alert(1)</script> | `x` [link](javascript:alert(1))"

    found = compared(hostile)
    write(tmp_path / "report", found)
    html = (tmp_path / "report" / "report.html").read_text()
    markdown = (tmp_path / "report" / "report.md").read_text()
    assert html.count("data:image/png;base64,") == 4 and "Reward against KL" in html and "://" not in html
    assert "<script>" not in html and "&lt;script&gt;" in html
    assert markdown.count("### ") == 10
    assert all("<script>" not in line or line.startswith("    ") for line in markdown.splitlines())
    for criterion in found.verdict.criteria:
        assert f"| {criterion.name} |" in markdown and criterion.reason in markdown
    stored = json.loads((tmp_path / "report" / "verdict.json").read_text())
    assert Verdict.model_validate(stored) == found.verdict
    kept = json.loads((tmp_path / "report" / "answers.json").read_text())
    assert len(kept["candidate"]) == len(TASKS) and len(kept["pairs"]) == len(PROMPTS)


def test_ten_examples_hold_the_best_and_the_worst() -> None:
    pairs = tuple(pair(f"p{i}", "!" * (i % 7), "") for i in range(40))
    preference = by_scorer(pairs, lambda rows: [float(len(text)) for _, text in rows], "length")
    found = examples(Answers((), (), (), pairs), preference, seed=0)
    assert [example.kind for example in found] == ["best"] * 3 + ["worst"] * 3 + ["random"] * 4
    assert all(example.candidate == "!" * 6 for example in found[:3])
    assert all(example.candidate == "" for example in found[3:6])
    assert len({example.prompt for example in found}) == 10
    assert [example.kind for example in examples(Answers((), (), (), pairs[:4]), None, seed=0)] == ["random"] * 4


async def test_two_turns_are_asked_judged_as_one_and_shown(short_folder: Path, tmp_path: Path) -> None:
    prompts = tuple(Prompt(asked(f"say something about number {number}"), ("say more",)) for number in range(12))
    with serve(short_folder, {"attune@v2": liked, "attune@v1": able}) as served:
        served.failures["attune@v1"] = [400]
        both = (Served(name, Endpoint(served.url, concurrency=1)) for name in ("attune@v2", "attune@v1"))
        answers = await comparison.collect(*both, (), prompts, lambda: None)
    assert answers.pairs[0].parent is None and answers.pairs[1].parent == told(able, prompts[1])
    assert answers.pairs[1].candidate == Reply(
        prompts[1], ("It is a number like any other !", "It is a number like any other.")
    )
    found = compared(liked, answers)
    assert (
        found.preference is not None and [outcome.value for outcome in found.preference.outcomes] == [0.0] + [0.5] * 11
    )
    write(tmp_path, found)
    kept = json.loads((tmp_path / "answers.json").read_text())["pairs"][1]
    assert kept["further"] == ["say more"] and len(kept["candidate"]) == 2
    assert "    1. It is a number like any other !\n    \n    2. It is" in (tmp_path / "report.md").read_text()


def test_every_family_of_the_shipped_tasks_has_a_threshold() -> None:
    families = {task.family for task in TASKS}
    assert families <= set(thresholds.load().root)
