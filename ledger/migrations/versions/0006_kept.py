"""How much of an answer is kept, and the most that is kept of a key's answers.

Revision ID: 0006
"""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Adds the columns; all that is there was kept whole, and the keys that are there go on keeping all.

    Written out, because Alembic cannot add a column together with its check on SQLite.
    """
    op.execute(
        "alter table api_keys add column keep text default 'full' not null"
        " constraint ck_api_keys_keep check (keep in ('full', 'metadata', 'nothing'))"
    )
    op.execute(
        "alter table completions add column kept text default 'full' not null"
        " constraint ck_completions_kept check (kept in ('full', 'metadata'))"
    )
    op.execute("alter table completions add column refused boolean")
