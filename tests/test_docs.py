"""The docs say what is there: every route, every link, every make target."""

import re
from pathlib import Path

import pytest
from fastapi.routing import APIRoute

from ledger.database import Database
from server.app import create_app
from server.settings import GatewaySettings

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


def test_every_make_target_in_the_docs_is_in_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    command = re.compile(r"(?:`|^)make ([a-z][a-z-]*)", re.MULTILINE)
    named = {name for page in PAGES for name in command.findall(page.read_text())}
    assert {"up", "test"} <= named
    assert named - targets == set()
