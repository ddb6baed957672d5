"""Answers that people rate without knowing whose they are.

Revision ID: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "rating_items",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("study", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("prompt_place", sa.Integer(), nullable=False),
        sa.Column("prompt", sa.JSON(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("version_number", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rating_items")),
        sa.UniqueConstraint("study", "place", name=op.f("uq_rating_items_study_place")),
        sa.ForeignKeyConstraint(
            ["version_number"], ["model_versions.number"], name=op.f("fk_rating_items_version_number")
        ),
    )
    op.create_table(
        "ratings",
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("fluency", sa.Integer(), nullable=False),
        sa.Column("coherence", sa.Integer(), nullable=False),
        sa.Column("relevance", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("item_id", "user_id", name=op.f("pk_ratings")),
        sa.ForeignKeyConstraint(["item_id"], ["rating_items.id"], name=op.f("fk_ratings_item_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_ratings_user_id")),
        sa.CheckConstraint("fluency between 1 and 5", name=op.f("ck_ratings_fluency")),
        sa.CheckConstraint("coherence between 1 and 5", name=op.f("ck_ratings_coherence")),
        sa.CheckConstraint("relevance between 1 and 5", name=op.f("ck_ratings_relevance")),
    )
    op.create_index(op.f("ix_ratings_user_id"), "ratings", ["user_id"])
