"""`attune eval harness`: a served model through lm-eval, EleutherAI's harness."""

import asyncio
import json as json_module
from pathlib import Path
from typing import Annotated

import typer

from attune.evaluate import KeyFile, Url, endpoint_of, home_folder, served_name
from attune.options import Json

harness_app = typer.Typer()


@harness_app.command("harness")
def run_harness(
    tasks: Annotated[
        list[str] | None, typer.Argument(metavar="TASK…", help="By default the generated ones and those in --data.")
    ] = None,
    version: Annotated[str, typer.Option(help="v1, or another name that the server knows.")] = "attune",
    url: Url = None,
    key_file: KeyFile = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Folder with the public sets as they are published; else they come from the hub."),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many prompts of each task.")] = None,
    lm_eval: Annotated[
        Path | None, typer.Option("--lm-eval", help="lm-eval's virtual environment; by default ATTUNE_HOME/lm-eval.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the report; by default a new one in ATTUNE_HOME.")] = None,
    json: Json = False,
) -> None:
    """Run lm-eval, EleutherAI's harness, on a served model: public and generated tasks, each metric with its error."""
    from attune import output
    from evals.endpoint import require_models
    from evals.harness import folder, running, sets, table
    from ledger.clock import for_file_name, iso, utc_now

    home = home_folder()
    environment = running.environment((lm_eval or home / "lm-eval").expanduser().resolve())
    endpoint, name = endpoint_of(url, key_file), served_name(version)
    present, missing = sets.in_folder(data)
    if not tasks and missing:
        output.complain(f"Not in {data}, and left out: {', '.join(missing)}.")
    chosen = folder.limited([sets.load(task, data) for task in tasks or present], limit)
    asyncio.run(require_models(endpoint, {name}))
    now = utc_now()
    report = (out or home / "evals" / f"harness-{name.rpartition('@')[2]}-{for_file_name(now)}").resolve()
    report.mkdir(parents=True, exist_ok=True)
    output.complain(f"lm-eval: {sum(len(one.rows) for one in chosen)} prompts of {len(chosen)} tasks")
    shown = _show if output.err.is_terminal else None
    found = running.measure(environment, endpoint, name, chosen, report, shown)
    about = {"model": name, "date": iso(now), "limit": limit or "none"}
    everything = table.as_json(found, chosen, about)
    (report / "harness.json").write_text(json_module.dumps(everything, indent=2) + "\n", encoding="utf-8")
    lines = [f"# lm-eval on {name}", "", *table.markdown(found, chosen, about), ""]
    (report / "harness.md").write_text("\n".join(lines), encoding="utf-8")
    if json:
        output.as_json(everything)
        return
    output.as_table(table.HEADINGS, table.cells(found, chosen))
    output.say(f"report: {report / 'harness.md'}")


def _show(text: str) -> None:
    from attune.output import err

    err.file.write(text)
    err.file.flush()
