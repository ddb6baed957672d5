"""Who gets the canary: an even draw, the same every time, from what is known of who asks."""

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks.

    Attributes:
        owner: Of the API key.
        user: What the owner calls its user; empty where it names none.
        conversation_id: The conversation that is continued; None for a request by itself.
        request_id: Of this request.
    """

    owner: str
    user: str
    conversation_id: str | None
    request_id: str

    @property
    def identity(self) -> str:
        """What should stay with one version: the user, else the conversation, else this request alone."""
        if self.user:
            return f"user\0{self.owner}\0{self.user}"
        if self.conversation_id is not None:
            return f"conversation\0{self.conversation_id}"
        return f"request\0{self.request_id}"


def place(asker: Asker, salt: str) -> float:
    """Returns where an asker stands in the queue for a canary, in [0, 1).

    The salt is the SHA-256 of the canary's artefact: each canary lines people up anew, so that the same ones are not
    always first, and nobody who is not told it can reckon out which version they get.
    """
    digest = hashlib.sha256(f"{salt}\0{asker.identity}".encode("utf-8", "surrogatepass")).digest()
    return (int.from_bytes(digest[:8], "big") >> 11) / 2**53  # 53 bits: what a float in [0, 1) can hold


def on_canary(asker: Asker, salt: str, share: float) -> bool:
    """Whether an asker is among the share (0 to 1) that gets the canary; a larger share holds everyone of a smaller."""
    return place(asker, salt) < share
