"""Open WebUI's feedback history, as *Admin Panel, Evaluations, Feedbacks, Export* writes it as JSON.

An array of votes. `data.rating` is 1 or -1, `meta.message_id` names the rated message in `snapshot.chat.chat`, whose
messages are a tree by `parentId`. The form is that of `backend/open_webui/models/feedbacks.py` and `models/chats.py`.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from ledger.importing.row import Ignored

NAME = "open-webui"


def recognises(value: Mapping[str, Any]) -> bool:
    """Say whether an object is a vote of this form."""
    return {"data", "meta", "snapshot"} <= set(value)


def converter(_values: list[Any]) -> Callable[[Any], list[dict[str, Any]]]:
    """Return what makes rows in TRL's unpaired format of an object."""
    return _rows


def _rows(vote: Any) -> list[dict[str, Any]]:
    data, meta = vote["data"] or {}, vote["meta"] or {}
    rating = data.get("rating")
    if rating is None:
        raise Ignored("a vote without a rating")
    if str(rating) not in ("1", "-1"):
        raise ValueError(f"the rating {rating!r} is neither 1 nor -1")
    if not vote["snapshot"]:
        raise Ignored("a vote without a snapshot of its chat")
    chat = vote["snapshot"]["chat"]["chat"]
    path = list(_path(_messages(chat), meta["message_id"]))
    rated, asked = path[0], path[:0:-1]
    if rated.get("role") != "assistant" or not asked:
        raise ValueError("the rated message is no answer to another")
    if any(message.get("files") for message in asked):
        raise Ignored("a prompt with files")
    at = _time(vote.get("updated_at") or vote["created_at"])
    said = {"id": f"{NAME}-{vote['id']}", "value": int(rating), "created_at": at, "given_in": NAME}
    reason, comment = data.get("reason"), data.get("comment")
    row = {
        "prompt": [*_system(chat), *({"role": message["role"], "content": message["content"]} for message in asked)],
        "completion": [{"role": "assistant", "content": rated["content"]}],
        "label": int(rating) > 0,
        "id": said["id"],
        "rater": vote["user_id"],
        "source": "thumb",
        "created_at": at,
        "completion_from": {
            "status": "error" if rated.get("error") else "complete" if rated.get("done", True) else "partial",
            "completion_id": f"{NAME}-{rated['id']}",
            "parent_id": rated["parentId"],
            "created_at": _time(rated.get("timestamp") or vote["created_at"]),
        },
        "votes": [said | {"reasons": [reason] if reason else [], "comment": comment or None}],
    }
    return [row]


def _messages(chat: Mapping[str, Any]) -> Mapping[str, Any]:
    known = (chat.get("history") or {}).get("messages")
    return known or {message["id"]: message for message in chat["messages"]}


def _path(messages: Mapping[str, Any], message_id: str | None) -> Iterator[Mapping[str, Any]]:
    """Yield the rated message and all before it, newest first."""
    seen = set()
    while message_id is not None:
        if message_id not in messages or message_id in seen:
            raise ValueError(f"the message {message_id!r} is not in the snapshot of its chat")
        seen.add(message_id)
        yield messages[message_id]
        message_id = messages[message_id].get("parentId")


def _system(chat: Mapping[str, Any]) -> list[dict[str, Any]]:
    text = chat.get("system") or (chat.get("params") or {}).get("system")
    return [{"role": "system", "content": text}] if text else []


def _time(epoch_s: float) -> str:
    return datetime.fromtimestamp(epoch_s, UTC).isoformat()
