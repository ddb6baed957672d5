"""A comparison replaces the rater's earlier one of the same two answers, whichever of them it names first.

Revision ID: 0005
"""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Makes the view anew; no row changes."""
    op.execute("drop view feedback_latest")
    op.execute(_FEEDBACK_LATEST)


# Two conditions and not one with `or`: each finds its later votes by the index of answer, rater and sequence.
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
and not exists (
    select 1 from feedback as turned
    where turned.completion_id = feedback.preferred_over
    and turned.choice_index = feedback.preferred_over_choice
    and turned.user_id = feedback.user_id
    and turned.preferred_over = feedback.completion_id
    and turned.preferred_over_choice = feedback.choice_index
    and turned.sequence > feedback.sequence
)
"""
