"""The first tables.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# SQLite counts up only a column of exactly the type INTEGER.
_SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Makes the tables in an order in which each refers to those before it."""
    _create_people()
    _create_models()
    _create_chat()
    _create_feedback()
    _create_alignment()
    _create_history()


def _create_people() -> None:
    """Users and keys."""
    op.create_table(
        "users",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("owner", "external_id", name=op.f("uq_users_owner_external_id")),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("secret_sha256", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("requests_per_minute", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("prefix", name=op.f("uq_api_keys_prefix")),
    )


def _create_models() -> None:
    """Versions, and what of them should run and does."""
    op.create_table(
        "model_versions",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("parent_number", sa.Integer(), nullable=True),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.Column("gate_report", sa.JSON(), nullable=True),
        sa.Column("probe", sa.JSON(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("form in ('base', 'adapter', 'full')", name=op.f("ck_model_versions_form")),
        sa.CheckConstraint(
            "state in ('candidate', 'passed', 'canary', 'live', 'retired', 'rejected')",
            name=op.f("ck_model_versions_state"),
        ),
        sa.ForeignKeyConstraint(
            ["parent_number"], ["model_versions.number"], name=op.f("fk_model_versions_parent_number")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_model_versions")),
        sa.UniqueConstraint("form", "sha256", name=op.f("uq_model_versions_form_sha256")),
    )
    op.create_index(op.f("ix_model_versions_parent_number"), "model_versions", ["parent_number"], unique=False)
    op.create_index(op.f("ix_model_versions_run_id"), "model_versions", ["run_id"], unique=False)
    op.create_table(
        "deployments",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("live_version", sa.Integer(), nullable=True),
        sa.Column("canary_version", sa.Integer(), nullable=True),
        sa.Column("canary_share", sa.Float(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("canary_share between 0 and 1", name=op.f("ck_deployments_canary_share")),
        sa.CheckConstraint("id = 1", name=op.f("ck_deployments_one_row")),
        sa.ForeignKeyConstraint(
            ["canary_version"], ["model_versions.number"], name=op.f("fk_deployments_canary_version")
        ),
        sa.ForeignKeyConstraint(["live_version"], ["model_versions.number"], name=op.f("fk_deployments_live_version")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deployments")),
    )
    op.create_table(
        "engines",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("version_number", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("control_tokens", sa.JSON(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=True),
        sa.Column("model_name", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state in ('starting', 'ready', 'draining', 'failed')", name=op.f("ck_engines_state")),
        sa.ForeignKeyConstraint(["version_number"], ["model_versions.number"], name=op.f("fk_engines_version_number")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_engines")),
    )
    op.execute("insert into deployments (id, canary_share, updated_at) values (1, 0, current_timestamp)")


def _create_chat() -> None:
    """Conversations and answered requests."""
    op.create_table(
        "conversations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("title_folded", sa.Text(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("share_token", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_conversations_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversations")),
        sa.UniqueConstraint("share_token", name=op.f("uq_conversations_share_token")),
    )
    op.create_index(
        op.f("ix_conversations_user_id_updated_at_id"), "conversations", ["user_id", "updated_at", "id"], unique=False
    )
    op.create_table(
        "completions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=True),
        sa.Column("parent_id", sa.Text(), nullable=True),
        sa.Column("messages", sa.JSON(), nullable=False),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.Column("usage", sa.JSON(), nullable=True),
        sa.Column("model_version", sa.Integer(), nullable=True),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("ttft_ms", sa.Float(), nullable=True),
        sa.Column("duration_ms", sa.Float(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("route in ('live', 'canary', 'pinned')", name=op.f("ck_completions_route")),
        sa.CheckConstraint("status in ('complete', 'partial', 'error')", name=op.f("ck_completions_status")),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name=op.f("fk_completions_conversation_id")),
        sa.ForeignKeyConstraint(["key_id"], ["api_keys.id"], name=op.f("fk_completions_key_id")),
        sa.ForeignKeyConstraint(
            ["model_version"], ["model_versions.number"], name=op.f("fk_completions_model_version")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_completions_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_completions")),
    )
    op.create_index(op.f("ix_completions_conversation_id"), "completions", ["conversation_id"], unique=False)
    op.create_index(
        op.f("ix_completions_model_version_created_at"), "completions", ["model_version", "created_at"], unique=False
    )
    op.create_index(op.f("ix_completions_parent_id"), "completions", ["parent_id"], unique=False)
    op.create_index(op.f("ix_completions_user_id_created_at"), "completions", ["user_id", "created_at"], unique=False)
    op.create_table(
        "messages",
        sa.Column("sequence", _SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("content_folded", sa.Text(), nullable=False),
        sa.Column("completion_id", sa.Text(), nullable=True),
        sa.Column("choice_index", sa.Integer(), nullable=True),
        sa.Column("client_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("role in ('system', 'user', 'assistant')", name=op.f("ck_messages_role")),
        sa.ForeignKeyConstraint(["completion_id"], ["completions.id"], name=op.f("fk_messages_completion_id")),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name=op.f("fk_messages_conversation_id")),
        sa.ForeignKeyConstraint(["parent_id"], ["messages.id"], name=op.f("fk_messages_parent_id")),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_messages")),
        sa.UniqueConstraint("conversation_id", "client_id", name=op.f("uq_messages_conversation_id_client_id")),
        sa.UniqueConstraint("id", name=op.f("uq_messages_id")),
    )
    op.create_index(op.f("ix_messages_completion_id"), "messages", ["completion_id"], unique=False)
    op.create_index(op.f("ix_messages_parent_id"), "messages", ["parent_id"], unique=False)


def _create_feedback() -> None:
    """Feedback, and the view of the latest votes."""
    op.create_table(
        "feedback",
        sa.Column("sequence", _SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("completion_id", sa.Text(), nullable=False),
        sa.Column("choice_index", sa.Integer(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("correction", sa.Text(), nullable=True),
        sa.Column("preferred_over", sa.Text(), nullable=True),
        sa.Column("preferred_over_choice", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column("body_sha256", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind in ('thumb', 'comparison', 'correction')", name=op.f("ck_feedback_kind")),
        sa.CheckConstraint("value in (-1, 0, 1)", name=op.f("ck_feedback_value")),
        sa.ForeignKeyConstraint(["completion_id"], ["completions.id"], name=op.f("fk_feedback_completion_id")),
        sa.ForeignKeyConstraint(["preferred_over"], ["completions.id"], name=op.f("fk_feedback_preferred_over")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_feedback_user_id")),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_feedback")),
        sa.UniqueConstraint("id", name=op.f("uq_feedback_id")),
        sa.UniqueConstraint("owner", "idempotency_key", name=op.f("uq_feedback_owner_idempotency_key")),
    )
    op.create_index(
        op.f("ix_feedback_completion_id_choice_index_user_id_sequence"),
        "feedback",
        ["completion_id", "choice_index", "user_id", "sequence"],
        unique=False,
    )
    op.create_index(op.f("ix_feedback_preferred_over"), "feedback", ["preferred_over"], unique=False)
    op.create_index(op.f("ix_feedback_owner_sequence"), "feedback", ["owner", "sequence"], unique=False)
    op.create_index(op.f("ix_feedback_user_id_sequence"), "feedback", ["user_id", "sequence"], unique=False)
    op.execute(_FEEDBACK_LATEST)


def _create_alignment() -> None:
    """Snapshots of feedback, and training runs."""
    op.create_table(
        "snapshots",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("content_sha256", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("filters", sa.JSON(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_snapshots")),
        sa.UniqueConstraint("content_sha256", name=op.f("uq_snapshots_content_sha256")),
    )
    op.create_table(
        "snapshot_feedback",
        sa.Column("snapshot_id", sa.Text(), nullable=False),
        sa.Column("feedback_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["snapshot_id"], ["snapshots.id"], name=op.f("fk_snapshot_feedback_snapshot_id")),
        sa.PrimaryKeyConstraint("snapshot_id", "feedback_id", name=op.f("pk_snapshot_feedback")),
    )
    op.create_index(op.f("ix_snapshot_feedback_feedback_id"), "snapshot_feedback", ["feedback_id"], unique=False)
    op.create_table(
        "alignment_runs",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("snapshot_id", sa.Text(), nullable=True),
        sa.Column("parent_number", sa.Integer(), nullable=True),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("config", sa.JSON(), nullable=False),
        sa.Column("metrics", sa.JSON(), nullable=False),
        sa.Column("energy_joules", sa.Float(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["parent_number"], ["model_versions.number"], name=op.f("fk_alignment_runs_parent_number")
        ),
        sa.ForeignKeyConstraint(["snapshot_id"], ["snapshots.id"], name=op.f("fk_alignment_runs_snapshot_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alignment_runs")),
    )
    op.create_index(op.f("ix_alignment_runs_snapshot_id"), "alignment_runs", ["snapshot_id"], unique=False)


def _create_history() -> None:
    """What was changed and what was erased."""
    op.create_table(
        "audit",
        sa.Column("sequence", _SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_audit")),
        sa.UniqueConstraint("id", name=op.f("uq_audit_id")),
    )
    op.create_table(
        "tombstones",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind in ('user', 'conversation', 'completion')", name=op.f("ck_tombstones_kind")),
        sa.PrimaryKeyConstraint("kind", "id", name=op.f("pk_tombstones")),
    )


# A rater's votes are about the same thing when they agree in answer and in what it is compared with.
_FEEDBACK_LATEST = """
create view feedback_latest as
select * from feedback
where not exists (
    select 1 from feedback as later
    where later.completion_id = feedback.completion_id
    and later.choice_index = feedback.choice_index
    and later.user_id = feedback.user_id
    and coalesce(later.preferred_over, '') = coalesce(feedback.preferred_over, '')
    and later.preferred_over_choice = feedback.preferred_over_choice
    and later.sequence > feedback.sequence
)
"""
