"""Users whose votes count together as one rater's.

Revision ID: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Adds the column; everybody who is known already counts alone."""
    op.add_column("users", sa.Column("counts_as", sa.Text(), nullable=True))
