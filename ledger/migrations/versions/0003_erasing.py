"""What is left to do on disk after an erasing, and whose answers must not come back.

Revision ID: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Makes the tables. A ledger that holds people's rows is to be rewritten once: its free pages are not clean."""
    op.create_table(
        "vacuums",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("requested", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vacuums")),
        sa.CheckConstraint("id = 1", name=op.f("ck_vacuums_one_row")),
    )
    op.create_table(
        "erased_names",
        sa.Column("name_sha256", sa.Text(), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name_sha256", name=op.f("pk_erased_names")),
    )
    op.execute(
        "insert into vacuums (id, requested, done, requested_at) "
        "values (1, case when exists (select 1 from users) then 1 else 0 end, 0, current_timestamp)"
    )
