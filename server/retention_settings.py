"""Settings of what is kept, and for how long: `ATTUNE_*` variables, or `[retention]` in `attune.toml`."""

from typing import ClassVar

from pydantic import Field

from ledger.retention.rules import RetentionRules
from ledger.settings import AttuneSettings
from server.log_limits import LogLimits


class RetentionSettings(AttuneSettings):
    """What `attune prune`, and a gateway by itself, remove. A number of 0 means never, or any number."""

    section: ClassVar[str] = "retention"

    prune_every_s: float = Field(
        default=3600, ge=0, description="How often a running gateway prunes; 0 leaves it to `attune prune`."
    )
    unrated_answers_days: float = Field(
        default=30, ge=0, description="Days after which an answer goes that nobody rated, with its prompt."
    )
    unrated_answers_kept: int = Field(
        default=1_000_000,
        ge=0,
        description="Such an answer goes before that once so many newer answers, rated or not, are stored.",
    )
    rated_answers_days: float = Field(
        default=0, ge=0, description="Days after its last vote after which a rated answer goes, with its votes."
    )
    conversations_days: float = Field(
        default=0, ge=0, description="Days without a change after which a conversation goes."
    )
    runs_days: float = Field(
        default=30, ge=0, description="Days after its end after which an alignment run loses its large files."
    )
    runs_kept: int = Field(
        default=10, ge=0, description="Newest alignment runs that may have large files; older ones lose them."
    )
    backups_days: float = Field(
        default=30, ge=0, description="Days after which a backup that was made before a migration goes."
    )
    log_mib: float = Field(default=20, gt=0, description="Size of a log file, in MiB, after which a new one begins.")
    logs_kept: int = Field(default=4, ge=0, description="Full files of a log that are kept beside the one in use.")
    engine_logs_kept: int = Field(default=10, ge=1, description="Files of engines' logs that are kept, all together.")

    @property
    def rules(self) -> RetentionRules:
        """What is pruned of the ledger and the runs."""
        return RetentionRules(**{name: getattr(self, name) for name in RetentionRules.__dataclass_fields__})

    @property
    def logs(self) -> LogLimits:
        """The bounds of the logs."""
        return LogLimits(int(self.log_mib * 2**20), self.logs_kept, self.engine_logs_kept)
