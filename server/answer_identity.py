"""An answer bears the gateway's id and model name, whichever engine wrote it.

vLLM takes the id from the header X-Request-Id, and its model is named by the controller, so that its bytes pass as they
are. Other servers make ids of their own, the same for every answer or none at all, and name the model as they like: a
vote on such an id would meet another answer. Theirs are written anew.
"""

from dataclasses import dataclass
from typing import Any

import orjson


@dataclass(slots=True)
class AnswerIdentity:
    """What one answer is called.

    Attributes:
        id: The answer's id; None where the endpoint's answers have none.
        model: The model's name for clients, such as `attune@v1`.
    """

    id: str | None
    model: str
    _borne: bool | None = None

    def in_events(self, raw: bytes) -> bytes:
        """Return whole server-sent events with this identity; those of vLLM unchanged."""
        if self._borne is None and raw:
            self._borne = self._is_borne_by(raw)
        if self._borne or not raw:
            return raw
        return b"\n".join(self._in_line(line) for line in raw.split(b"\n"))

    def in_object(self, body: bytes) -> bytes:
        """Return a JSON object with this identity; one that bears it already unchanged."""
        if self._is_borne_by(body):
            return body
        return orjson.dumps(self._named(orjson.loads(body)))

    def _is_borne_by(self, raw: bytes) -> bool:
        """Whether id and model stand there in quotes; within a text of the model they would be escaped."""
        names = (self.model,) if self.id is None else (self.id, self.model)
        return all(b'"%s"' % name.encode() in raw for name in names)

    def _in_line(self, line: bytes) -> bytes:
        if not line.startswith(b"data:") or not (data := line[5:].strip()).startswith(b"{"):
            return line
        try:
            event = orjson.loads(data)
        except ValueError:
            return line  # the transcript reports it
        return b"data: " + orjson.dumps(self._named(event))

    def _named(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Return an answer, or an event of /v1/responses that holds one, with this identity."""
        if isinstance(response := answer.get("response"), dict):
            return answer | {"response": self._named(response)}
        if "type" in answer or answer.get("error"):
            return answer
        if self.id is not None:
            return answer | {"id": self.id, "model": self.model}
        return answer | {"model": self.model} if "model" in answer else answer
