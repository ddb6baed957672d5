"""How long what is kept. The settings of the same names stand in `server.retention_settings`."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class RetentionRules:
    """When something goes: after so many days, or beyond so many newer ones; 0 means never.

    Attributes:
        unrated_answers_days: Since an answer was given on which nobody ever voted.
        unrated_answers_kept: So many newer answers, rated or not.
        rated_answers_days: Since the last vote on an answer, or against it.
        conversations_days: Since a conversation was last changed.
        runs_days: Since an alignment run ended, or was interrupted.
        runs_kept: So many newer runs.
        backups_days: Since an automatic backup was made.
    """

    unrated_answers_days: float = 30
    unrated_answers_kept: int = 1_000_000
    rated_answers_days: float = 0
    conversations_days: float = 0
    runs_days: float = 30
    runs_kept: int = 10
    backups_days: float = 30

    def reason(self, kind: str) -> str:
        """Returns the settings that decide about a kind, as they are set; empty where it is never pruned."""
        names = [name for name in self.__dataclass_fields__ if name.startswith(kind.replace(" ", "_"))]
        values = {name: getattr(self, name) for name in names}
        return ", ".join(f"{name} = {value:.10g}" for name, value in values.items() if value)


def days_before(now: datetime, days: float) -> datetime | None:
    """Returns what is that old at `now`; None for 0 days, which mean never."""
    if not days:
        return None
    try:
        return now - timedelta(days=days)
    except OverflowError:  # longer ago than there are years
        return None
