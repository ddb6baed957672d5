"""The docs say what is there: every route, setting, command, metric, link and make target."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from fastapi.routing import APIRoute

from attune import cli
from attune.settings import resolved
from ledger.database import Database
from server.app import create_app
from server.metrics import Metrics
from server.settings import GatewaySettings

OPERATIONS = "docs/operations.md"
ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/**/*.md")])
LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    broken = [target for target in LINK.findall(page.read_text()) if not (page.parent / target).exists()]
    assert broken == []


def test_every_route_stands_in_the_api_page(tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path}/ledger.db")
    try:
        routes = create_app(GatewaySettings(), database).routes
    finally:
        database.close()
    page = (ROOT / "docs" / "api.md").read_text()
    documented = {re.sub(r"\{[^}]*\}", "{}", path) for path in re.findall(r"/(?:v1|health|metrics)[\w/{}:.-]*", page)}
    served = {re.sub(r"\{[^}]*\}", "{}", route.path) for route in routes if isinstance(route, APIRoute)}
    assert len(served) > 15
    assert served - documented == set()


def test_every_setting_stands_in_the_operations_page() -> None:
    variables = {setting.variable for setting in resolved({})}
    assert len(variables) > 35
    assert variables - set(re.findall(r"`(ATTUNE_\w+)`", _operations())) == set()


def test_every_command_and_option_stands_in_the_operations_page() -> None:
    page = _operations()
    missing = []
    for name, command in _commands(typer.main.get_command(cli.app), "attune"):
        options = [option for parameter in command.params for option in parameter.opts if option.startswith("--")]
        missing += [part for part in (f"`{name}`", *(f"`{option}`" for option in options)) if part not in page]
    assert missing == []


def test_every_metric_stands_in_the_operations_page() -> None:
    described = {line.split()[2] for line in Metrics().text().decode().splitlines() if line.startswith("# HELP")}
    served = {name.removesuffix("_total") for name in described if not name.endswith("_created")}
    assert len(served) > 10
    assert {name for name in served if f"`{name}`" not in _operations()} == set()


def _operations() -> str:
    return (ROOT / OPERATIONS).read_text()


def _commands(group: Any, path: str) -> Iterator[tuple[str, Any]]:
    """The commands that do something, by their whole name."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def test_every_make_target_in_the_docs_is_in_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    command = re.compile(r"(?:`|^)make ([a-z][a-z-]*)", re.MULTILINE)
    named = {name for page in PAGES for name in command.findall(page.read_text())}
    assert {"up", "test"} <= named
    assert named - targets == set()
