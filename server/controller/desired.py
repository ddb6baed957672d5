"""What should run, as the ledger says: the live version, the canary, and for a while the version before a promotion."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from ledger import deployments, versions
from ledger.records import ModelVersion


@dataclass(frozen=True, slots=True)
class Desired:
    """Desired state at one moment.

    Attributes:
        live: What most people are answered by; None before the first model is registered.
        canary: What is tried on some.
        former: What was live before the last promotion, kept ready so that a rollback takes no start of an engine.
        bases: For each version that is to run, the version whose weights an adapter changes; itself for another form.
    """

    live: ModelVersion | None
    canary: ModelVersion | None
    former: ModelVersion | None
    bases: dict[int, ModelVersion]

    @property
    def versions(self) -> tuple[ModelVersion, ...]:
        """All, the most urgent first."""
        return tuple(version for version in (self.live, self.canary, self.former) if version is not None)

    def parent_of(self, number: int) -> ModelVersion | None:
        """Who answers in place of a version that is taken away; None if there is nobody."""
        if self.canary is not None and number == self.canary.number:
            return self.live
        if self.live is not None and number == self.live.number:
            return self.former
        return None


def read_desired(connection: Connection, now: datetime, keep_former_s: float) -> Desired:
    """Reads desired state.

    Args:
        connection: To read with.
        now: The time.
        keep_former_s: How long the version before a promotion is kept ready.
    """
    deployment = deployments.current(connection)

    def version(number: int | None) -> ModelVersion | None:
        return None if number is None else versions.get(connection, number)

    live, canary = version(deployment.live_version), version(deployment.canary_version)
    former = None
    promoted_at = deployments.promoted_at(connection)
    if live is not None and promoted_at is not None and now - promoted_at < timedelta(seconds=keep_former_s):
        number = deployments.live_before(connection, live.number)
        former = None if number == deployment.canary_version else version(number)
    bases = versions.bases(connection)
    wanted = [one for one in (live, canary, former) if one is not None]
    return Desired(live, canary, former, {one.number: versions.get(connection, bases[one.number]) for one in wanted})
