"""`attune eval ask-people`, `ratings` and `end-study`: people rate answers without knowing whose they are."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Annotated, Any

import typer

from attune.errors import WrongUsage
from attune.evaluate import KeyFile, Url, all_prompts, endpoint_of
from attune.options import Json
from attune.version_name import number_of

people_app = typer.Typer()


@people_app.command("ask-people")
def ask_people(
    first: Annotated[str, typer.Argument(metavar="VERSION", help="A served version, such as v1.")],
    second: Annotated[str, typer.Argument(metavar="OTHER", help="The one that it is held against, such as v2.")],
    url: Url = None,
    key_file: KeyFile = None,
    prompts: Annotated[
        Path | None, typer.Option(help='JSON lines, {"prompt": [messages]} or {"turns": [texts]}, besides the shipped.')
    ] = None,
    count: Annotated[int, typer.Option(min=1, max=1000, help="Prompts; each gives two answers to rate.")] = 20,
    seed: Annotated[int, typer.Option(help="Of the choice of prompts and of their order.")] = 17,
    json: Json = False,
) -> None:
    """Let two served versions answer prompts, and put the answers on the chat's page /rate, mixed and without names."""
    if number_of(first) == number_of(second):
        raise WrongUsage("Give two different versions.")
    from attune import output
    from attune.gate import progress_bar
    from attune.ledger_access import open_ledger
    from evals.answering import requests_of
    from evals.chat import Reply
    from evals.comparison import answer_open
    from evals.endpoint import Served, require_models
    from ledger import ratings, versions

    with open_ledger() as database:
        with database.read() as connection:
            rows = [versions.get(connection, number_of(name)) for name in (first, second)]
        chosen = _chosen(all_prompts(prompts), count, seed)
        endpoint = endpoint_of(url, key_file)

        async def answer() -> list[list[Reply | None]]:
            await require_models(endpoint, [row.name for row in rows])
            with progress_bar(2 * requests_of((), chosen)) as answered:
                return [await answer_open(Served(row.name, endpoint), chosen, answered) for row in rows]

        answers = _items([row.number for row in rows], asyncio.run(answer()))
        with database.write() as connection:
            study = ratings.begin_study(connection, answers, seed=seed)
    if json:
        output.as_json({"study": study, "answers": len(answers)})
    else:
        output.say(f"{study}: {len(answers)} answers to {len(answers) // 2} prompts wait on the chat's page /rate.")


@people_app.command("ratings")
def show_ratings(json: Json = False) -> None:
    """Show what people's ratings say of each study's versions, and how far the raters agree (Krippendorff's alpha)."""
    from attune import output
    from attune.ledger_access import open_ledger
    from ledger import ratings

    with open_ledger() as database, database.read() as connection:
        sizes, rated = ratings.studies(connection), ratings.all_rated(connection)
    if json:
        output.as_json([_as_json(_figures(study, size, rated)) for study, size in sizes.items()])
        return
    for study, size in sizes.items():
        found = _figures(study, size, rated)
        output.say(
            f"\n{study}: {found['answers']} answers, {found['rated']} of them rated, {found['ratings']} ratings by "
            f"{found['raters']} people"
        )
        aspects: dict[str, dict[str, Any]] = found["aspects"]
        headings = ("aspect", *next(iter(aspects.values())))
        output.as_table(headings, [(name, *figures.values()) for name, figures in aspects.items()])
    if not sizes:
        output.say("There is no study: `attune eval ask-people v1 v2` begins one.")


@people_app.command("end-study")
def end_study(study: Annotated[str, typer.Argument(help="As `attune eval ratings` names it.")]) -> None:
    """Erase a study with its prompts, answers and ratings."""
    from attune import output
    from attune.ledger_access import open_ledger
    from ledger import ratings

    with open_ledger() as database, database.write() as connection:
        ratings.end_study(connection, study)
    output.say(f"{study} is erased.")


def _chosen(prompts: Sequence[Any], count: int, seed: int) -> list[Any]:
    """`count` prompts by chance, or all where there are not so many."""
    return Random(seed).sample(prompts, min(count, len(prompts)))


def _items(numbers: Sequence[int], replies: Sequence[Sequence[Any]]) -> list[Any]:
    """The answers to prompts that both versions answered; of several turns the last, in its own conversation.

    Raises:
        WrongUsage: There are none.
    """
    from ledger.ratings import Answered

    both = [place for place, found in enumerate(zip(*replies, strict=True)) if None not in found]
    if not both:
        raise WrongUsage("No prompt was answered by both versions, so there is nothing to rate.")
    return [
        Answered(place, tuple(message.model_dump() for message in given[place].chat), given[place].text, number)
        for place in both
        for number, given in zip(numbers, replies, strict=True)
    ]


def _as_json(found: dict[str, Any]) -> dict[str, Any]:
    aspects = {
        aspect: {name: figure.model_dump(mode="json") for name, figure in figures.items()}
        for aspect, figures in found["aspects"].items()
    }
    return found | {"aspects": aspects}


def _figures(study: str, size: int, rated: Sequence[Any]) -> dict[str, Any]:
    """Of one study: how much was rated, and by aspect both means, their difference, and the raters' agreement."""
    from evals.agreement import agreement, grouped, mean_difference, mean_rating
    from ledger.rubric import ASPECTS

    rows = [row for row in rated if row.study == study]
    numbers = sorted({row.version_number for row in rows})
    aspects: dict[str, dict[str, Any]] = {}
    for name in ASPECTS:
        of = {number: [row for row in rows if row.version_number == number] for number in numbers}
        found = {
            f"v{number}": mean_rating(grouped((row.item_id, row.values[name]) for row in of[number]))
            for number in numbers
        }
        if len(numbers) == 2:
            by_prompt = [grouped((row.prompt_place, row.values[name]) for row in of[number]) for number in numbers]
            found[f"v{numbers[1]} less v{numbers[0]}"] = mean_difference(by_prompt[1], by_prompt[0])
        found["alpha"] = agreement(list(grouped((row.item_id, row.values[name]) for row in rows).values()))
        aspects[name] = found
    return {
        "study": study,
        "answers": size,
        "rated": len({row.item_id for row in rows}),
        "ratings": len(rows),
        "raters": len({row.rater for row in rows}),
        "aspects": aspects,
    }
