"""Langfuse's scores, and the traces or observations that they are about, in one file.

A score holds no text: `observationId` or `traceId` names the object whose `input` and `output` it judges. Both are what
GET /api/public/traces, /observations and /v2/scores return, and what the export of their tables writes as JSON Lines; a
trace that was fetched alone has its scores in `scores`. The form is that of `fern/apis/server/definition/commons.yml`.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from ledger.importing.row import Ignored

NAME = "langfuse"


def recognises(value: Mapping[str, Any]) -> bool:
    """Say whether an object is a score, a trace or an observation."""
    keys = set(value)
    return _is_score(value) or ({"id", "input", "output"} <= keys and not {"prompt", "chosen"} & keys)


def converter(values: list[Any]) -> Callable[[Any], list[dict[str, Any]]]:
    """Return what makes rows in TRL's unpaired format of an object, which looks for the text in all of `values`."""
    texts = {value["id"]: value for value in values if isinstance(value, dict) and "id" in value and "output" in value}
    return partial(_rows, texts)


def _is_score(value: Mapping[str, Any]) -> bool:
    return {"traceId", "name", "dataType"} <= set(value)


def _rows(texts: Mapping[str, Any], value: Any) -> list[dict[str, Any]]:
    if _is_score(value):
        return [_row(texts, value)]
    scores = [score for score in value.get("scores") or [] if isinstance(score, dict)]
    found = []
    for score in scores:
        try:
            found.append(_row(texts, {"traceId": value["id"], **score}))
        except Ignored:
            continue  # the trace itself is read; what is no thumb of a person says nothing
    return found


def _row(texts: Mapping[str, Any], score: Mapping[str, Any]) -> dict[str, Any]:
    liked = _liked(score)
    about = texts.get(score.get("observationId") or "") or texts.get(score["traceId"])
    if about is None:
        raise ValueError(f"the trace {score['traceId']!r} of the score is not in the file")
    author = score.get("authorUserId") if score.get("source") == "ANNOTATION" else None
    rater = author or score.get("userId") or about.get("userId") or texts.get(score["traceId"], {}).get("userId") or ""
    vote = {"id": f"{NAME}-{score['id']}", "value": 1 if liked else -1, "created_at": score.get("timestamp")}
    return {
        "prompt": _prompt(about["input"]),
        "completion": [{"role": "assistant", "content": _answer(about["output"])}],
        "label": liked,
        "id": vote["id"],
        "rater": rater,
        "source": "thumb",
        "created_at": score.get("timestamp"),
        "votes": [vote | {"comment": score.get("comment"), "given_in": f"{NAME}/{score['name']}"}],
    }


def _liked(score: Mapping[str, Any]) -> bool:
    """Whether a score is a thumb up; down is 0 or -1."""
    if score.get("source") == "EVAL":
        raise Ignored("a score of an evaluator, not of a person")
    if score["dataType"] not in ("BOOLEAN", "NUMERIC"):
        raise Ignored(f"a score of the type {score['dataType']}")
    if score.get("value") not in (1, 0, -1):
        raise Ignored("a numeric score other than 1, 0 and -1")
    return bool(score["value"] == 1)


def _prompt(given: Any) -> Any:
    if isinstance(given, dict):
        given = given.get("messages")
    if not given or not isinstance(given, str | list):
        raise ValueError("the input of its trace is neither text nor messages")
    return given


def _answer(given: Any) -> Any:
    """The text of an output: as it is, as a message, as a list of one, or as a response of the chat API."""
    if isinstance(given, dict) and given.get("choices"):
        given = given["choices"][0].get("message")
    if isinstance(given, list) and len(given) == 1:
        given = given[0]
    if isinstance(given, dict):
        given = given.get("content")
    if not isinstance(given, str):
        raise ValueError("the output of its trace is no text")
    return given
