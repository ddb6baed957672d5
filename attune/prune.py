"""`attune prune`: removes what the settings in [retention] give up, or says what that would be."""

from typing import Annotated

import typer

from attune.options import Json


def prune(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Remove nothing, and say what would go.")] = False,
    json: Json = False,
) -> None:
    """Remove what the settings of the section retention give up; a running gateway does so by itself."""
    from attune import output
    from attune.ledger_access import open_ledger
    from ledger import vacuums
    from ledger.clock import utc_now
    from ledger.retention import record, steps
    from ledger.settings import LedgerSettings, load
    from server.retention_settings import RetentionSettings

    home, rules, now = load(LedgerSettings).resolved_home, load(RetentionSettings).rules, utc_now()
    plan = steps.Plan(rules, home if home.is_dir() else None, now, dry_run)
    with open_ledger() as database:
        found = steps.run(database, plan)
        if not dry_run:
            vacuums.fulfil(database)  # of a ledger whose free pages cannot be given back in steps
    if not dry_run and plan.home is not None:
        record.write(plan.home, found, now)
    if json:
        output.as_json({"dry_run": dry_run, "kinds": found})
        return
    rows = [
        (kind, str(amount.count), f"{amount.bytes / 2**20:.1f} MiB", rules.reason(kind) or "kept for ever")
        for kind, amount in found.items()
    ]
    output.as_table(("what", "would go" if dry_run else "went", "holds" if dry_run else "held", "because"), rows)
