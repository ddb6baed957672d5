"""From a version to the votes behind it."""

from collections.abc import Callable

from ledger import erase, feedback, lineage, runs, snapshots, versions
from ledger.database import Database
from ledger.records import Completion, Feedback, FeedbackFilter, NewFeedback


def test_a_version_leads_to_the_single_votes_that_its_run_learned_from(
    database: Database, stored: Callable[..., Completion]
) -> None:
    def vote(value: int) -> Feedback:
        new = NewFeedback(stored().id, "acme", "ann", value)
        with database.write() as connection:
            return feedback.add(connection, new)

    held, erased = [vote(1), vote(-1)], vote(1)
    vote(1)  # came later
    with database.write() as connection:
        run = runs.create(connection, stage="snapshot", config={})
        ids = [row.id for row in (*held, erased)]
        frozen = snapshots.add(connection, content_sha256="c" * 64, path="/s", filters={}, counts={}, feedback_ids=ids)
        runs.built_on(connection, run.id, parent=1, snapshot_id=frozen.id)
        runs.record(connection, run.id, "choice", {"algorithm": "kto", "reason": "few"}, 0.0)
        made = versions.register_adapter(connection, parent=1, path="/a", sha256="d" * 64, run_id=run.id, probe={})
        erase.erase_completion(connection, erased.completion_id)
    with database.read() as connection:
        found = lineage.lineage(connection, made)
        by_run = versions.numbers_by_run(connection, [run.id, "run_other"])
        page = feedback.search(connection, FeedbackFilter(snapshot_id=frozen.id), limit=10)
    assert [(step.version, step.algorithm, dict(step.feedback)) for step in found] == [
        ("attune@v2", "kto", {"erased": 1, "thumb": 2}),
        ("attune@v1", None, {}),
    ]
    assert by_run == {run.id: 2}
    assert list(page.items) == held[::-1]
