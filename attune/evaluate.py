"""`attune eval`: measure a served model, compare two versions, and what the gate said."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from attune import exit_status
from attune.actor import actor
from attune.errors import WrongUsage
from attune.options import Json
from attune.version_name import number_of

eval_app = typer.Typer(help="Measure served models, and hold a candidate against its parent.", no_args_is_help=True)

Url = Annotated[
    str | None, typer.Option(help="OpenAI-compatible server: http://host:port or unix:///path; by default the gateway.")
]
KeyFile = Annotated[Path | None, typer.Option(help="File with the server's API key; for the gateway admin.key.")]


@eval_app.command("run")
def run_tasks(
    tasks: Annotated[list[str] | None, typer.Argument(metavar="TASK…", help="By default all.")] = None,
    version: Annotated[str, typer.Option(help="v1, or another name that the server knows.")] = "attune",
    url: Url = None,
    key_file: KeyFile = None,
    judge: Annotated[
        str | None, typer.Option(help="Model at the same server that rates the answers to open prompts from 1 to 5.")
    ] = None,
    json: Json = False,
) -> None:
    """Ask a served model the tasks, and show each metric with n, its standard error and its 95 % interval."""
    from attune import output
    from attune.gate import progress_bar
    from evals import answering
    from evals.comparison import answer_open
    from evals.endpoint import Served, require_models
    from evals.rubric import rate
    from evals.tasks import shipped

    chosen = [shipped.load(name) for name in tasks or shipped.names()]
    endpoint, name = endpoint_of(url, key_file), served_name(version)

    prompts = shipped.open_prompts() if judge is not None else ()

    async def measure() -> Any:
        await require_models(endpoint, {name, judge or name})
        with progress_bar(answering.requests_of(chosen, prompts) + len(prompts)) as answered:
            results = await answering.run_tasks(endpoint, name, chosen, answered)
            if judge is None:
                return results, None
            replies = await answer_open(Served(name, endpoint), prompts, answered)
            return results, await rate(endpoint, judge, replies, answered)

    results, ratings = asyncio.run(measure())
    rows = [_row(row) for row in results] + ([] if ratings is None else _rubric_rows(ratings))
    if json:
        output.as_json([dict(zip(_HEADINGS, row, strict=True)) for row in rows])
        return
    cells = [[f"{cell:.3f}" if isinstance(cell, float) else cell for cell in row] for row in rows]
    output.as_table(_HEADINGS, cells)


@eval_app.command("compare")
def compare_versions(
    parent: Annotated[str, typer.Argument(help="The version to be better than, such as v1.")],
    candidate: Annotated[str, typer.Argument(help="The version that is judged, such as v2.")],
    url: Annotated[
        str | None, typer.Option(help="Server of both versions; by default an engine is started for the comparison.")
    ] = None,
    key_file: KeyFile = None,
    judge: Annotated[str | None, typer.Option(help="Model at --url that judges the answers.")] = None,
    rubric: Annotated[
        bool, typer.Option("--rubric", help="The judge also rates every answer's fluency, coherence and relevance.")
    ] = False,
    reward_model: Annotated[
        Path | None, typer.Option(help="Folder of a reward model that judges them: RUN/reward-model/model.")
    ] = None,
    prompts: Annotated[
        Path | None, typer.Option(help='JSON lines, {"prompt": [messages]} or {"turns": [texts]}, besides the shipped.')
    ] = None,
    thresholds: Annotated[Path | None, typer.Option(help="TOML in the form of evals/thresholds.toml.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the report; by default a new one in ATTUNE_HOME.")] = None,
    record: Annotated[bool, typer.Option("--record", help="Store the verdict with the candidate, for good.")] = False,
    json: Json = False,
) -> None:
    """Hold a candidate against its parent, as both are served; exit status 2 when it is refused."""
    if rubric and judge is None:
        raise WrongUsage("--rubric needs a --judge, who rates the answers.")
    if judge is not None and (reward_model is not None or url is None):
        raise WrongUsage("--judge names a model at --url, and goes without --reward-model.")
    from attune import gate, output
    from attune.ledger_access import open_ledger
    from attune.opponents import opponents
    from evals import thresholds as thresholds_file

    home = home_folder()
    with open_ledger() as database:
        found = opponents(database, number_of(candidate), number_of(parent))
        ours, theirs = found.both
        if url is None and not found.one_base:
            raise WrongUsage("They grew from different models: serve the two, and give their address with --url.")
        if record and (ours.parent_number != theirs.number or ours.state != "candidate"):
            raise WrongUsage(
                f"--record is for a candidate and the parent that it grew from; {ours.name} is {ours.state}, and it "
                f"grew from {f'v{ours.parent_number}' if ours.parent_number else 'nothing'}."
            )
        plan = gate.Plan(
            opponents=found,
            endpoint=None if url is None else endpoint_of(url, key_file),
            judge=judge,
            reward_model=reward_model,
            prompts=all_prompts(prompts),
            thresholds=thresholds_file.load(thresholds),
            folder=(out or report_folder(home, ours.number, theirs.number)).resolve(),
            looks=gate.looks_of(database, ours),
            rubric=rubric,
        )
        compared = gate.compare(plan, home)
        if record:
            gate.record(database, plan, compared, actor=actor())
    if json:
        output.as_json(compared.verdict.model_dump(mode="json"))
    else:
        gate.show(compared.verdict)
        output.say(f"report: {plan.folder / 'report.html'}")
    if not compared.verdict.passed:
        raise typer.Exit(exit_status.REFUSED_BY_GATE)


@eval_app.command("rank")
def rank_versions(json: Json = False) -> None:
    """Put the versions in the order of their strength, from every stored comparison (Bradley-Terry)."""
    from attune import output
    from attune.gate import duels
    from attune.ledger_access import open_ledger
    from evals.ranking import strengths
    from ledger import versions

    with open_ledger() as database, database.read() as connection:
        found = strengths(duels(versions.list_all(connection)))
    if json:
        output.as_json(found)
    else:
        output.as_table(("version", "strength"), [(name, f"{value:+.3f}") for name, value in found.items()])


@eval_app.command("override")
def override(
    version: Annotated[str, typer.Argument(help="The version that the gate has refused.")],
    reason: Annotated[str, typer.Option(help="Why it may pass all the same; it stands in the audit.")],
) -> None:
    """Let a version pass that the gate has refused. The verdict itself stays."""
    from attune import output
    from attune.ledger_access import open_ledger
    from ledger import versions

    with open_ledger() as database, database.write() as connection:
        row = versions.override_verdict(connection, number_of(version), actor=actor(), reason=reason)
    output.say(f"{row.name} is {row.state}.")


_HEADINGS = ("task", "family", "metric", "mean", "standard_error", "low", "high", "n", "unanswered", "unparseable")


def _row(result: Any) -> tuple[object, ...]:
    """A task's figures, in the order of the headings."""
    mean, about = result.interval, (result.task, result.family, result.metric)
    return (*about, mean.value, result.standard_error, mean.low, mean.high, result.n, result.unanswered, None)


def _rubric_rows(ratings: Any) -> list[tuple[object, ...]]:
    """What a judge found of the answers to open prompts, a row for each aspect; n are the answers that it rated."""
    from evals.statistics import standard_error
    from ledger.rubric import ASPECTS

    missing = (ratings.count("unanswered"), ratings.count("unparseable"))
    return [
        (aspect, "rubric", f"1 to 5 by {ratings.judge}", mean.value, spread, mean.low, mean.high, mean.n, *missing)
        for aspect in ASPECTS
        for mean, spread in [(ratings.mean(aspect), standard_error(list(ratings.values(aspect))))]
    ]


def all_prompts(path: Path | None) -> tuple[Any, ...]:
    """The shipped open prompts, and before them those of a file; each once."""
    from evals.tasks import shipped

    own = () if path is None else shipped.open_prompts(path)
    return tuple(dict.fromkeys((*own, *shipped.open_prompts())))


def report_folder(home: Path, candidate: int, parent: int) -> Path:
    """A new folder for a report, named after the versions and the time."""
    from ledger.clock import for_file_name, utc_now

    return home / "evals" / f"v{candidate}-against-v{parent}-{for_file_name(utc_now())}"


def endpoint_of(url: str | None, key_file: Path | None) -> Any:
    """The server that was named, or the gateway of the settings with its admin key."""
    from chat_ui.settings import url_at
    from evals.endpoint import Endpoint
    from ledger.settings import load
    from ledger.unusable_paths import reason_of
    from server.settings import GatewaySettings

    if url is None:
        gateway: GatewaySettings = load(GatewaySettings)
        url, key_file = url_at(gateway.host, gateway.port), key_file or home_folder() / "admin.key"
    if key_file is None:
        return Endpoint(url)
    try:
        return Endpoint(url, key_file.read_text(encoding="utf-8").strip())
    except OSError as error:
        raise WrongUsage(f"The key file {key_file} cannot be read: {reason_of(error)}.") from error


def home_folder() -> Path:
    """ATTUNE_HOME."""
    from ledger.settings import LedgerSettings, load

    settings: LedgerSettings = load(LedgerSettings)
    return settings.home.expanduser().resolve()


def served_name(version: str) -> str:
    """v1 as it is served; any other name as it is."""
    digits = version.removeprefix("v")
    return f"attune@v{digits}" if digits.isdecimal() else version
