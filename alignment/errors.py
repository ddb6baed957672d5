"""What can go wrong in an alignment job. Every error says what was wrong, with the value, and what to do."""


class AlignmentError(Exception):
    """Root of the job's errors."""


class UnusableFeedback(AlignmentError):
    """The feedback cannot teach what was asked: too little of it, or all alike."""


class UnusableFile(UnusableFeedback):
    """The file of feedback that was given is not there, or cannot be read."""


class UnusableModel(AlignmentError):
    """A model, adapter or tokenizer that training cannot start from."""


class NonFiniteLoss(AlignmentError):
    """A loss became NaN or infinite: the run stopped before the step that would have spoilt the weights."""


class DiskFull(AlignmentError):
    """There was no room for a checkpoint; the one before it is intact."""


class WrongConfig(AlignmentError):
    """The configuration cannot be used: an unknown key, a value out of range, or contradicting settings."""


class DamagedArtefact(AlignmentError):
    """A file of an artefact is missing or differs from the manifest."""


class InputChanged(AlignmentError):
    """What a stage was made from is not what it would be made from now, so its result cannot be used."""


class AlreadyRunning(AlignmentError):
    """Another alignment run uses the same ledger."""


class StageFailed(AlignmentError):
    """A stage ended with an error that nobody foresaw; the message names the file with the traceback."""


class NotEnoughMemory(AlignmentError):
    """A stage does not fit into the memory that it may take, or came to take more than that."""
