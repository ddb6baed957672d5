"""The docs say what is there: every route, link, make target, setting, command, flag and metric."""

import importlib.metadata
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from fastapi.routing import APIRoute
from pydantic import BaseModel

from alignment.config import AlignConfig
from attune.cli import app
from attune.settings import settings_classes
from ledger.database import Database
from server.app import create_app
from server.metrics import Metrics
from server.settings import GatewaySettings
from tests.docs_walk import LINK

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/**/*.md")])
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
TO_A_LINE = re.compile(r"\[`(\w+)`\]\((?P<path>[^)\s]+)#L(?P<line>\d+)\)")
ELSEWHERE = re.compile(r"https://github\.com/[\w-]+/(?P<package>\w+)/blob/v(?P<version>[\d.]+)/src/(?P<path>\S+)")


PATH = re.compile(r"`([a-z_]+/[\w./-]*)`")


def test_every_file_that_the_docs_name_is_there() -> None:
    pages = [page for page in PAGES if "results" not in page.parts]
    named = {name for page in pages for name in PATH.findall(page.read_text())}
    ours = {name for name in named if (ROOT / name.split("/")[0]).is_dir()}  # the rest are paths of a running Attune
    assert len(ours) > 15
    assert [name for name in sorted(ours) if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    broken = [target for target in LINK.findall(page.read_text()) if not (page.parent / target).exists()]
    assert broken == []


def test_every_link_to_a_line_leads_to_where_its_function_begins() -> None:
    links = [(page, *link) for page in PAGES for link in TO_A_LINE.findall(page.read_text())]
    assert len(links) >= 10
    strayed = [
        (name, path, number)
        for page, name, path, number in links
        if not re.search(rf"\b(def|class) {name}\b", _line(page, path, int(number)))
    ]
    assert strayed == []


def _line(page: Path, path: str, number: int) -> str:
    """One line of one of our files, or of a dependency at the version that is installed."""
    file = page.parent / path
    if outside := ELSEWHERE.fullmatch(path):
        assert importlib.metadata.version(outside["package"]) == outside["version"]
        file = Path(str(importlib.metadata.distribution(outside["package"]).locate_file(outside["path"])))
    return file.read_text().splitlines()[number - 1]


@pytest.mark.parametrize(
    ("behaviour", "file"),
    [
        ("who is answered by the canary", "server/routing.py"),
        ("when a request is refused because too many wait", "server/admission.py"),
        ("why a user cannot write control tokens", "server/control_tokens.py"),
        ("how a hanging engine is noticed", "server/controller/stall.py"),
        ("how a loaded version is attested", "server/controller/probe.py"),
        ("how many answers share one fsync", "ledger/group_commit.py"),
        ("what is erased with a person", "ledger/erase.py"),
        ("which votes are dropped as duplicates", "alignment/snapshot/duplicates.py"),
        ("what PPO minimises", "alignment/ppo/losses.py"),
        ("what the gate refuses", "evals/thresholds.toml"),
        ("how the browser knows a person again", "chat_ui/identity.py"),
    ],
)
def test_a_reader_gets_from_the_readme_to_the_code_in_three_hops(behaviour: str, file: str) -> None:
    wanted, reached = ROOT / file, {ROOT / "README.md"}
    for _ in range(3):
        reached |= {place for page in reached if page.suffix == ".md" for place in _places(page)}
    assert wanted in reached, behaviour


def _places(page: Path) -> Iterator[Path]:
    """The files that a page links to, or names by their path."""
    text = page.read_text()
    yield from ((page.parent / target).resolve() for target in LINK.findall(text) if (page.parent / target).is_file())
    yield from (ROOT / name for name in PATH.findall(text) if (ROOT / name).is_file())


def test_every_route_stands_in_the_api_page(tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path}/ledger.db")
    try:
        routes = create_app(GatewaySettings(), database).routes
    finally:
        database.close()
    page = (ROOT / "docs" / "api.md").read_text()
    documented = {
        re.sub(r"\{[^}]*\}", "{}", path)
        for path in re.findall(r"/(?:v1|health|ping|metrics|version|tokenize|detokenize)[\w/{}:.-]*", page)
    }
    served = {re.sub(r"\{[^}]*\}", "{}", route.path) for route in routes if isinstance(route, APIRoute)}
    assert len(served) > 15
    assert served - documented == set()


def test_every_make_target_in_the_docs_is_in_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    command = re.compile(r"(?:`|^)make ([a-z][a-z-]*)", re.MULTILINE)
    named = {name for page in PAGES for name in command.findall(page.read_text())}
    assert {"up", "test"} <= named
    assert named - targets == set()


def test_every_setting_stands_in_the_operations_page() -> None:
    rows = [
        f"| `{name}` | `ATTUNE_{name.upper()}` |" for kind in settings_classes().values() for name in kind.model_fields
    ]
    assert len(rows) > 30
    assert [row for row in rows if row not in OPERATIONS] == []
    assert [section for section in settings_classes() if f"**[{section}]**" not in OPERATIONS] == []


def test_every_command_and_flag_stands_in_the_operations_page() -> None:
    rows = {line.split("`")[1]: line for line in OPERATIONS.splitlines() if line.startswith("| `attune ")}
    flags = dict(_commands(typer.main.get_command(app), "attune"))
    assert set(flags) == set(rows)
    missing = {name: [flag for flag in known if f"`{flag}`" not in rows[name]] for name, known in flags.items()}
    assert {name: absent for name, absent in missing.items() if absent} == {}


def test_every_setting_of_a_run_stands_in_the_alignment_page() -> None:
    page = (ROOT / "docs" / "alignment.md").read_text()
    sections = {"": AlignConfig} | {
        name: field.annotation for name, field in AlignConfig.model_fields.items() if _is_model(field.annotation)
    }
    rows = [row for model in sections.values() for row in _setting_rows(model)]
    assert len(rows) > 50
    assert [row for row in rows if row not in page] == []
    assert [name for name in sections if name and f"**[{name}]**" not in page] == []


def test_every_metric_stands_in_the_operations_page() -> None:
    families = list(Metrics().registry.collect())
    names = [family.name + ("_total" if family.type == "counter" else "") for family in families]
    assert len(names) > 10
    assert [name for name in names if f"| `{name}` |" not in OPERATIONS] == []


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _setting_rows(model: Any, prefix: str = "") -> Iterator[str]:
    """How the page's table begins for each setting of a section, with its default."""
    for name, field in model.model_fields.items():
        if not _is_model(field.annotation):
            value = str(field.default).lower() if isinstance(field.default, bool) else field.default
            shown = "\u2013" if value is None else f"`{value}`"
            yield f"| `{prefix}{name}` | {shown} | {field.description} |"
        elif model is not AlignConfig:
            yield from _setting_rows(field.annotation, f"{name}.")


def _commands(command: Any, name: str) -> Iterator[tuple[str, list[str]]]:
    """Every command below `command` that does something, with its flags."""
    if hasattr(command, "commands"):
        for child, below in command.commands.items():
            yield from _commands(below, f"{name} {child}")
    else:
        yield name, [flag for option in command.params for flag in option.opts if flag.startswith("--")]
