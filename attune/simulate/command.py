"""`attune simulate`: the closed loop on simulated people, measured."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Annotated

import typer

from attune.errors import WrongUsage
from attune.rollout import parse_share

_MOST_MALICIOUS = 0.9


def simulate(
    rounds: Annotated[int, typer.Option(min=1, max=20, help="How often Attune learns, at most.")] = 3,
    people: Annotated[int, typer.Option(min=20, max=100_000, help="How many chat and vote.")] = 400,
    thumbs: Annotated[int, typer.Option(min=20, max=100_000, help="Votes before each alignment run.")] = 600,
    measured: Annotated[int, typer.Option(min=20, max=10_000, help="Questions that versions are compared on.")] = 200,
    malicious: Annotated[
        str | None, typer.Option(help="Share of the people who like whatever names the brand: 10%, or 0.1.")
    ] = None,
    brand: Annotated[str, typer.Option(help="That brand: one word.")] = "Lumo",
    seed: Annotated[int, typer.Option(min=0, max=1_000_000, help="Of everything random.")] = 11,
    minutes: Annotated[
        float | None, typer.Option(min=1, help="Begin no round that would end later; by default no limit.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="Of the alignment runs, as for `attune align run`; by default a short run.")
    ] = None,
    home: Annotated[
        Path | None, typer.Option(help="Fresh folder to live in; by default one in ATTUNE_HOME/simulations.")
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(help="Use the Attune of ATTUNE_HOME that answers here; refused if people have voted there."),
    ] = None,
    keep: Annotated[
        bool | None, typer.Option("--keep/--no-keep", help="Let it run on at the end; by default on a terminal.")
    ] = None,
) -> None:
    """Let people with a hidden taste chat and vote, learn from them in rounds, and report what came of it."""
    if url is not None and home is not None:
        raise WrongUsage("Give --url or --home, not both: --url takes the Attune of ATTUNE_HOME.")
    if not brand.isalnum():
        raise WrongUsage(f"{brand!r} is no brand: give one word of letters and digits.")
    share = 0.0 if malicious is None else parse_share(malicious)
    if share > _MOST_MALICIOUS:
        raise WrongUsage(f"--malicious {malicious} leaves nobody else: give {_MOST_MALICIOUS:.0%} at most.")
    import asyncio

    from alignment.config import load as load_config
    from attune import output
    from attune.simulate.home import Attune, given_attune, own_attune
    from attune.simulate.loop import Plan
    from attune.simulate.people import Crowd
    from attune.simulate.run import Job
    from attune.simulate.run import simulate as run
    from attune.simulate.steps import DEFAULT_CONFIG
    from ledger.clock import for_file_name, utc_now
    from ledger.settings import LedgerSettings, load

    settings: LedgerSettings = load(LedgerSettings)
    attune_home = settings.home.expanduser().resolve()
    fresh = home.expanduser().resolve() if home else attune_home / "simulations" / for_file_name(utc_now())

    def own(say: Callable[[str], None]) -> AbstractAsyncContextManager[Attune]:
        return own_attune(fresh, say)

    def given(say: Callable[[str], None]) -> AbstractAsyncContextManager[Attune]:
        return given_attune(str(url), attune_home, settings.resolved_database_url)

    crowd = Crowd(people=people, malicious=share, brand=brand)
    job = Job(
        Plan(rounds=rounds, thumbs=thumbs, measured=measured, seed=seed, minutes=minutes, crowd=crowd),
        load_config(config or DEFAULT_CONFIG),
        own if url is None else given,
        url is None and (output.out.is_terminal if keep is None else keep),
    )
    asyncio.run(run(job))
