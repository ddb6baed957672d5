"""What can go wrong in the ledger. `LedgerError` is the root; raise the narrowest class that fits."""


class LedgerError(Exception):
    """The root of every error that this package raises on purpose."""


class NotFound(LedgerError):
    """There is no such row, or it belongs to another owner, which must look the same from outside."""


class NotYours(LedgerError):
    """The row exists inside the caller's owner, but belongs to another user of it."""


class Conflict(LedgerError):
    """The same name or idempotency key was used before for something else."""


class Impossible(LedgerError):
    """The request is well-formed, but contradicts what the ledger holds."""


class NotKept(Impossible):
    """What is asked for needs a part of an answer that was not kept, as its request or API key asked."""


class RefusedByGate(Impossible):
    """The gate has refused the version, and nobody has overridden its verdict."""


class Unavailable(LedgerError):
    """The database is full, locked, broken or away: nothing was stored, and a later try may succeed."""


class Misconfigured(LedgerError):
    """A setting or the settings file cannot be used; the message says which and what to do."""


class NoLedger(Misconfigured):
    """There is no ledger where the settings say: none was made yet, or the path is wrong or not mounted."""


class Busy(LedgerError):
    """Somebody else does what only one may do at a time."""


class Erased(LedgerError):
    """What this was made of has been erased meanwhile, so it must not be used."""
