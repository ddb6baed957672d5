"""The tables. Every change here needs an Alembic migration in `ledger/migrations`, and a test compares the two."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    UniqueConstraint,
)

from ledger.column_types import SafeJson, SafeText, UtcTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# Counts up in the order of writing. Times cannot give that order: two rows can share one, and clocks step back.
# SQLite counts up only a column of exactly the type INTEGER.
Sequence = BigInteger().with_variant(Integer, "sqlite")

users = Table(
    "users",
    metadata,
    Column("id", SafeText, primary_key=True),
    Column("owner", SafeText, nullable=False),
    Column("external_id", SafeText, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    # The rater whose weight this user shares with others; empty for one who counts alone (`ledger.raters`).
    Column("counts_as", SafeText),
    UniqueConstraint("owner", "external_id"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", SafeText, primary_key=True),
    Column("prefix", SafeText, nullable=False, unique=True),
    Column("secret_sha256", SafeText, nullable=False),
    Column("name", SafeText, nullable=False),
    Column("owner", SafeText, nullable=False),
    Column("scopes", SafeJson, nullable=False),
    Column("requests_per_minute", Integer),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime),
    Column("revoked_at", UtcTime),
    Column("keep", SafeText, nullable=False, server_default="full"),
    CheckConstraint("keep in ('full', 'metadata', 'nothing')", name="keep"),
)

conversations = Table(
    "conversations",
    metadata,
    Column("id", SafeText, primary_key=True),
    Column("owner", SafeText, nullable=False),
    Column("user_id", SafeText, ForeignKey("users.id"), nullable=False),
    Column("title", SafeText, nullable=False),
    Column("title_folded", SafeText, nullable=False),
    Column("settings", SafeJson, nullable=False),
    Column("share_token", SafeText, unique=True),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Index(None, "user_id", "updated_at", "id"),
)

messages = Table(
    "messages",
    metadata,
    Column("sequence", Sequence, primary_key=True, autoincrement=True),
    Column("id", SafeText, nullable=False, unique=True),
    Column("conversation_id", SafeText, ForeignKey("conversations.id"), nullable=False),
    Column("parent_id", SafeText, ForeignKey("messages.id")),
    Column("role", SafeText, nullable=False),
    Column("content", SafeText, nullable=False),
    # Search must ignore the case of every script, which the databases' own LIKE and lower() do not do alike.
    Column("content_folded", SafeText, nullable=False),
    Column("completion_id", SafeText, ForeignKey("completions.id")),
    Column("choice_index", Integer),
    Column("client_id", SafeText),
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("conversation_id", "client_id"),
    CheckConstraint("role in ('system', 'user', 'assistant')", name="role"),
    Index(None, "parent_id"),
    Index(None, "completion_id"),
)

completions = Table(
    "completions",
    metadata,
    Column("id", SafeText, primary_key=True),
    Column("endpoint", SafeText, nullable=False),
    Column("owner", SafeText, nullable=False),
    Column("key_id", SafeText, ForeignKey("api_keys.id"), nullable=False),
    Column("user_id", SafeText, ForeignKey("users.id"), nullable=False),
    Column("conversation_id", SafeText, ForeignKey("conversations.id")),
    # The user's message that is answered. No foreign key: `messages` already refers to `completions`, and both rows go
    # together when their conversation is erased.
    Column("parent_id", SafeText),
    Column("messages", SafeJson, nullable=False),
    Column("params", SafeJson, nullable=False),
    Column("choices", SafeJson, nullable=False),
    Column("usage", SafeJson),
    Column("model_version", Integer, ForeignKey("model_versions.number")),
    Column("route", SafeText, nullable=False),
    Column("ttft_ms", Float),
    Column("duration_ms", Float),
    Column("status", SafeText, nullable=False),
    Column("error", SafeText),
    Column("created_at", UtcTime, nullable=False),
    Column("kept", SafeText, nullable=False, server_default="full"),
    Column("refused", Boolean),
    CheckConstraint("kept in ('full', 'metadata')", name="kept"),
    CheckConstraint("status in ('complete', 'partial', 'error')", name="status"),
    CheckConstraint("route in ('live', 'canary', 'pinned')", name="route"),
    Index(None, "user_id", "created_at"),
    Index(None, "conversation_id"),
    Index(None, "parent_id"),
    Index(None, "model_version", "created_at"),
)

feedback = Table(
    "feedback",
    metadata,
    Column("sequence", Sequence, primary_key=True, autoincrement=True),
    Column("id", SafeText, nullable=False, unique=True),
    Column("completion_id", SafeText, ForeignKey("completions.id"), nullable=False),
    Column("choice_index", Integer, nullable=False),
    Column("owner", SafeText, nullable=False),
    Column("user_id", SafeText, ForeignKey("users.id"), nullable=False),
    Column("kind", SafeText, nullable=False),
    Column("value", Integer, nullable=False),
    Column("reasons", SafeJson, nullable=False),
    Column("comment", SafeText),
    Column("correction", SafeText),
    Column("preferred_over", SafeText, ForeignKey("completions.id")),
    Column("preferred_over_choice", Integer, nullable=False),
    Column("source", SafeText),
    Column("idempotency_key", SafeText),
    Column("body_sha256", SafeText, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("owner", "idempotency_key"),
    CheckConstraint("kind in ('thumb', 'comparison', 'correction')", name="kind"),
    CheckConstraint("value in (-1, 0, 1)", name="value"),
    Index(None, "completion_id", "choice_index", "user_id", "sequence"),
    Index(None, "user_id", "sequence"),
    Index(None, "owner", "sequence"),
    Index(None, "preferred_over"),
)

# A view, made by the migrations: of each rater's votes on the same thing, the last one. Kept out of `metadata`, because
# Alembic would take it for a table.
feedback_latest = Table(
    "feedback_latest", MetaData(), *[Column(column.name, column.type) for column in feedback.columns]
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("id", SafeText, primary_key=True),
    Column("content_sha256", SafeText, nullable=False, unique=True),
    Column("path", SafeText, nullable=False),
    Column("filters", SafeJson, nullable=False),
    Column("counts", SafeJson, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("erased_at", UtcTime),
)

# Which feedback a snapshot froze. No foreign key to `feedback`: the fact outlives an erased row, which is its purpose.
snapshot_feedback = Table(
    "snapshot_feedback",
    metadata,
    Column("snapshot_id", SafeText, ForeignKey("snapshots.id"), primary_key=True),
    Column("feedback_id", SafeText, primary_key=True),
    Index(None, "feedback_id"),
)

alignment_runs = Table(
    "alignment_runs",
    metadata,
    Column("id", SafeText, primary_key=True),
    Column("snapshot_id", SafeText, ForeignKey("snapshots.id")),
    Column("parent_number", Integer, ForeignKey("model_versions.number")),
    Column("stage", SafeText, nullable=False),
    Column("config", SafeJson, nullable=False),
    Column("metrics", SafeJson, nullable=False),
    Column("energy_joules", Float),
    Column("error", SafeText),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("finished_at", UtcTime),
    Index(None, "snapshot_id"),
)

model_versions = Table(
    "model_versions",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("parent_number", Integer, ForeignKey("model_versions.number")),
    Column("form", SafeText, nullable=False),
    Column("path", SafeText, nullable=False),
    Column("sha256", SafeText, nullable=False),
    # No foreign key: `alignment_runs` already refers to `model_versions`, for the version that the run starts from.
    Column("run_id", SafeText),
    Column("gate_report", SafeJson),
    Column("probe", SafeJson),
    Column("state", SafeText, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("erased_at", UtcTime),
    UniqueConstraint("form", "sha256"),
    CheckConstraint("form in ('base', 'adapter', 'full')", name="form"),
    CheckConstraint("state in ('candidate', 'passed', 'canary', 'live', 'retired', 'rejected')", name="state"),
    Index(None, "run_id"),
    Index(None, "parent_number"),
)

# One row, made by the migrations: locking it is how changes of desired state take turns.
deployments = Table(
    "deployments",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("live_version", Integer, ForeignKey("model_versions.number")),
    Column("canary_version", Integer, ForeignKey("model_versions.number")),
    Column("canary_share", Float, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    CheckConstraint("id = 1", name="one_row"),
    CheckConstraint("canary_share between 0 and 1", name="canary_share"),
)

engines = Table(
    "engines",
    metadata,
    Column("id", SafeText, primary_key=True),
    Column("url", SafeText, nullable=False),
    Column("version_number", Integer, ForeignKey("model_versions.number"), nullable=False),
    Column("state", SafeText, nullable=False),
    Column("message", SafeText, nullable=False),
    Column("control_tokens", SafeJson, nullable=False),
    Column("pid", Integer),
    Column("model_name", SafeText),
    Column("started_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    CheckConstraint("state in ('starting', 'ready', 'draining', 'failed')", name="state"),
)

# Answers that people rate without knowing the version; a study's places are drawn by chance.
rating_items = Table(
    "rating_items",
    metadata,
    Column("id", SafeText, primary_key=True),
    Column("study", SafeText, nullable=False),
    Column("place", Integer, nullable=False),
    Column("prompt_place", Integer, nullable=False),
    Column("prompt", SafeJson, nullable=False),
    Column("answer", SafeText, nullable=False),
    Column("version_number", Integer, ForeignKey("model_versions.number"), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("study", "place"),
)

ratings = Table(
    "ratings",
    metadata,
    Column("item_id", SafeText, ForeignKey("rating_items.id"), primary_key=True),
    Column("user_id", SafeText, ForeignKey("users.id"), primary_key=True),
    Column("fluency", Integer, nullable=False),
    Column("coherence", Integer, nullable=False),
    Column("relevance", Integer, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    CheckConstraint("fluency between 1 and 5", name="fluency"),
    CheckConstraint("coherence between 1 and 5", name="coherence"),
    CheckConstraint("relevance between 1 and 5", name="relevance"),
    Index(None, "user_id"),
)

audit = Table(
    "audit",
    metadata,
    Column("sequence", Sequence, primary_key=True, autoincrement=True),
    Column("id", SafeText, nullable=False, unique=True),
    Column("actor", SafeText, nullable=False),
    Column("action", SafeText, nullable=False),
    Column("subject", SafeText, nullable=False),
    Column("reason", SafeText, nullable=False),
    Column("detail", SafeJson),
    Column("created_at", UtcTime, nullable=False),
)

tombstones = Table(
    "tombstones",
    metadata,
    Column("kind", SafeText, primary_key=True),
    Column("id", SafeText, primary_key=True),
    Column("erased_at", UtcTime, nullable=False),
    CheckConstraint("kind in ('user', 'conversation', 'completion')", name="kind"),
)

# One row, made by the migrations: how often erasing has asked for the database's file to be rewritten, and how many of
# these requests are fulfilled. See `ledger.vacuums`.
vacuums = Table(
    "vacuums",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("requested", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("requested_at", UtcTime, nullable=False),
    CheckConstraint("id = 1", name="one_row"),
)

# Who was erased lately, so that an answer that was on its way is not stored. Rows go after a day.
erased_names = Table(
    "erased_names",
    metadata,
    Column("name_sha256", SafeText, primary_key=True),
    Column("erased_at", UtcTime, nullable=False),
)
