"""What can go wrong in an alignment job. Every error says what was wrong, with the value, and what to do."""


class AlignmentError(Exception):
    """Root of the job's errors."""


class UnusableFeedback(AlignmentError):
    """The feedback cannot teach what was asked: too little of it, or all alike."""


class UnusableModel(AlignmentError):
    """A model, adapter or tokenizer that training cannot start from."""


class NonFiniteLoss(AlignmentError):
    """A loss became NaN or infinite: the run stopped before the step that would have spoilt the weights."""


class DiskFull(AlignmentError):
    """There was no room for a checkpoint; the one before it is intact."""
