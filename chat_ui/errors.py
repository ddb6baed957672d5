"""What can go wrong in the chat. `ChatUIError` is the root; raise the narrowest class that fits.

The message of a `GatewayError` is a sentence for the person who chats.
"""


class ChatUIError(Exception):
    """The root of every error that this package raises on purpose."""


class MissingKey(ChatUIError):
    """The file with the API key is not there, or is empty."""


class GatewayError(ChatUIError):
    """The gateway did not do what was asked."""


class GatewayAway(GatewayError):
    """The gateway cannot be reached, or no engine is ready: a later try may succeed."""


class StillStarting(GatewayAway):
    """No engine is ready yet: the page asks again by itself when one is."""

    SENTENCE = "The model is still starting; that can take some minutes."

    def __init__(self) -> None:
        super().__init__(self.SENTENCE)


class Refused(GatewayError):
    """The gateway refused the request as it stands."""


class TooLong(Refused):
    """The messages do not fit into what the model can read at once."""


class Missing(GatewayError):
    """There is no such conversation or answer, or it is not this person's."""


class BrokenOff(GatewayError):
    """The answer began, but did not end."""
