"""What can go wrong in the controller. `ControllerError` is the root; each message says what to do."""


class ControllerError(Exception):
    """The root of every error that this package raises on purpose."""


class ModelUnusable(ControllerError):
    """The model cannot be served: it is missing, incomplete, or of an architecture that vLLM does not know."""


class EngineFailed(ControllerError):
    """The engine did not start, or ended by itself."""


class ProbeFailed(EngineFailed):
    """The engine serves something else than what was registered."""


class EngineBrokeDown(EngineFailed):
    """A ready engine ended, lost a process, or hangs.

    Attributes:
        explained: Whether something else than what it serves explains it: it computed, or the machine stood still.
    """

    def __init__(self, message: str, *, explained: bool = False) -> None:
        super().__init__(message)
        self.explained = explained


class NoRoom(EngineFailed):
    """The machine has too little memory for one more engine; the version is not to blame."""


class AlreadyRunning(ControllerError):
    """Another controller looks after the engines of this ledger."""
