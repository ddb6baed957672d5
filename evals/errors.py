"""What can go wrong in an evaluation. A bad model is no error: the gate refuses it. `EvalsError` is the root."""


class EvalsError(Exception):
    """The root of every error that this package raises on purpose."""


class UnusableEndpoint(EvalsError):
    """The server cannot be asked at all, or does not serve the model."""


class WrongAddress(UnusableEndpoint):
    """What was given is no address of a server, or none of the kind that is wanted."""


class UnusableTask(EvalsError):
    """There is no such task, or its items cannot be read."""


class MissingSet(UnusableTask):
    """A public set is not in the folder that was given."""


class UnusableEvidence(EvalsError):
    """The results do not belong together, so nothing can be concluded from them."""


class UnusableThresholds(EvalsError):
    """The file of thresholds cannot be read, or lacks something."""


class UnusableHarness(EvalsError):
    """lm-eval is not there, or failed."""
