"""What can go wrong at the front door. `AttuneError` is the root; its message is shown to the person as it is."""


class AttuneError(Exception):
    """The root of every error that this package raises on purpose; the command ends with exit status 1."""


class StartFailed(AttuneError):
    """`attune up` cannot start, or gave up."""


class WrongUsage(AttuneError):
    """The arguments contradict each other or cannot be read; the command ends with exit status 64."""
