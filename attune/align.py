"""`attune align`: one alignment job, and what earlier ones did."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from attune import exit_status
from attune.actor import actor
from attune.errors import WrongUsage
from attune.options import Json

if TYPE_CHECKING:
    from ledger.database import Database
    from ledger.records import ModelVersion

align_app = typer.Typer(help="Turn feedback into a candidate version.", no_args_is_help=True)


@align_app.command("run")
def run_job(
    config: Annotated[Path | None, typer.Option(help="TOML file; docs/alignment.md lists its settings.")] = None,
    from_file: Annotated[
        Path | None,
        typer.Option(help="JSONL in TRL's formats or of Attune's own export, instead of the ledger's feedback."),
    ] = None,
    resume: Annotated[str | None, typer.Option(help="Go on with this interrupted run.")] = None,
    if_new_feedback: Annotated[
        int | None, typer.Option(min=1, help="Do nothing unless there are so many votes since the last run. For cron.")
    ] = None,
    gate: Annotated[bool, typer.Option("--gate/--no-gate", help="Judge the candidate at the end.")] = True,
    memory_limit: Annotated[
        float | None,
        typer.Option(min=0.1, help="GiB that the run may take on a CPU, over memory_limit_gib; with --resume too."),
    ] = None,
) -> None:
    """Snapshot, reward model, policy, candidate, gate; resumable after a crash. Exit status 2 when it is refused."""
    if resume is not None and (config is not None or from_file is not None or if_new_feedback is not None):
        raise WrongUsage("--resume goes on with the run's own configuration: give it alone.")
    from alignment import processes, run
    from alignment.config import load as load_config
    from alignment.learners import real
    from alignment.recorded_run import Job
    from attune import output
    from attune.ledger_access import open_ledger
    from attune.threads import wait_without_taking_cores
    from ledger import erased_files
    from ledger.settings import LedgerSettings, load
    from server.controller.settings import EngineSettings

    wait_without_taking_cores()
    if not processes.leads():
        processes.follow(real())
        return
    settings: LedgerSettings = load(LedgerSettings)
    wanted = load_config(config, from_file=from_file)
    with open_ledger(create=from_file is not None) as database:  # such a file can be learned from before a first start
        # Also where nothing is to be learned: a gateway on another machine cannot remove what lies here.
        erased_files.remove(database, settings.resolved_home)
        with processes.led(real()) as learners:
            if if_new_feedback is not None and (new := run.new_feedback(database)) < if_new_feedback:
                output.say(f"{new} new votes since the last run, fewer than {if_new_feedback}: nothing to do.")
                return
            job = Job(
                database,
                settings.resolved_home,
                learners,
                output.say,
                memory_limit_gib=memory_limit,
                engine_cache_gib=load(EngineSettings).kv_cache_gib,
                require_gate=_require_gate if gate else lambda base_model: None,
                judge=partial(_judge, database, settings.resolved_home) if gate else None,
            )
            version = run.start(job, wanted) if resume is None else run.resume(job, resume)
        output.say(f"{version.name}: its model card is {Path(version.path) / 'README.md'}")
        if gate and not _passed(database, version):
            raise typer.Exit(exit_status.REFUSED_BY_GATE)


@align_app.command("status")
def show_status(json: Json = False) -> None:
    """Show whether a run is going on, how much new feedback waits, and the latest runs."""
    from alignment import run
    from attune import output
    from attune.ledger_access import open_ledger
    from ledger import runs

    with open_ledger() as database:
        active = run.running(database)
        waiting = run.new_feedback(database)
        with database.read() as connection:
            latest = runs.latest(connection)
    states = runs.states(latest, active)
    if json:
        rows = [_summary(row) | {"state": states[row.id]} for row in latest]
        output.as_json({"running": active, "new_feedback": waiting, "runs": rows})
        return
    output.say(f"new votes since the last run  {waiting}")
    cells = [(row.id, states[row.id], row.stage, row.created_at, row.error) for row in latest]
    output.as_table(("run", "state", "stage", "begun", "error"), cells)


@align_app.command("show")
def show_run(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="As `status` lists it.")], json: Json = False
) -> None:
    """Show what a run learned from, what each stage found, and the energy that it took."""
    from alignment.figures import figures
    from attune import output
    from attune.ledger_access import open_ledger
    from ledger import runs, versions

    with open_ledger() as database, database.read() as connection:
        found = runs.get(connection, run_id)
        made = versions.made_by(connection, run_id)
    if json:
        output.as_json(_summary(found) | {"config": found.config, "metrics": found.metrics, "version": made})
        return
    rows: list[tuple[str, object]] = [(name, value) for name, value in _summary(found).items() if value is not None]
    rows.append(("version", made.name if made else "none"))
    output.as_table(("field", "value"), rows)
    for stage, metrics in found.metrics.items():
        output.say(f"\n{stage}")
        output.as_table(("figure", "value"), list(figures(metrics)))


def _require_gate(base_model: Path) -> None:
    """Refuses a run whose gate would not fit, in words that the run's row keeps."""
    from alignment.errors import NotEnoughMemory
    from attune.trial_memory import require_room_for_gate
    from server.controller.errors import NoRoom

    try:
        require_room_for_gate(base_model)
    except NoRoom as error:
        raise NotEnoughMemory(str(error)) from error


def _passed(database: "Database", version: "ModelVersion") -> bool:
    """Whether the version that a run made was not rejected: by its gate just now, or before a run was resumed."""
    from attune import output
    from ledger import versions

    with database.read() as connection:
        now = versions.get(connection, version.number)
    if version.gate_report is not None:
        output.say(f"{version.name} was judged before and is {now.state}.")
    return now.state != "rejected"


def _judge(database: "Database", home: Path, version: "ModelVersion") -> None:
    """Has the gate judge a run's candidate, and shows and stores the verdict.

    The reward model of the run judges the answers, where it has one; without it the win-rate is missing, and the gate
    refuses. Prompts are those that the run held out and chose no checkpoint by, and the shipped ones.

    Raises:
        StageFailed: The versions could not be compared; the message says why.
    """
    from alignment.errors import StageFailed
    from attune.errors import AttuneError
    from evals.errors import EvalsError
    from server.controller.errors import ControllerError

    try:
        _compare(database, home, version)
    except (AttuneError, EvalsError, ControllerError) as error:
        raise StageFailed(
            f"The gate could not judge {version.name}: {error} "
            f"`attune align run --resume {version.run_id}` tries again."
        ) from error


def _compare(database: "Database", home: Path, version: "ModelVersion") -> None:
    from attune import output
    from attune.evaluate import all_prompts
    from attune.gate import Plan, compare, looks_of, record, show
    from attune.opponents import opponents
    from evals import thresholds
    from ledger import erased_files

    assert version.run_id is not None and version.parent_number is not None, "runs make adapters over a parent"
    run_folder = home / "runs" / version.run_id
    heldout, reward_model = run_folder / "snapshot" / "prompts.heldout.jsonl", run_folder / "reward-model" / "model"
    plan = Plan(
        opponents=opponents(database, version.number, version.parent_number),
        endpoint=None,
        judge=None,
        reward_model=reward_model if reward_model.is_dir() else None,
        prompts=_of_the_gate(all_prompts(heldout if heldout.is_file() else None)),
        thresholds=thresholds.load(),
        folder=run_folder / "gate",
        looks=looks_of(database, version),
    )
    found = compare(plan, home)
    erased_files.remove(database, home)  # feedback can have been erased while the answers came
    record(database, plan, found, actor=actor())
    show(found.verdict)
    output.say(f"report: {plan.folder / 'report.html'}")


def _of_the_gate(prompts: Sequence[Any]) -> tuple[Any, ...]:
    """Without the held-out prompts by which a run chooses a checkpoint, or reports on it."""
    from alignment.preferences import Message
    from alignment.snapshot.split import use_of
    from evals.tasks import shipped

    own = set(prompts) - set(shipped.open_prompts())
    asked = {prompt: tuple(Message(role=said.role, content=said.content) for said in prompt.chat) for prompt in own}
    return tuple(prompt for prompt in prompts if prompt not in own or use_of(asked[prompt]) == "gate")


def _summary(run: Any) -> dict[str, Any]:
    """A run without its configuration and its metrics."""
    return {name: getattr(run, name) for name in run.__dataclass_fields__ if name not in ("config", "metrics")}
