"""What ends a simulation."""

from attune.errors import AttuneError


class SimulationFailed(AttuneError):
    """Something without which the simulation cannot go on; the message says what to do."""
