"""Settings: where they come from, and what is said about mistakes."""

from pathlib import Path

import pytest

from attune import settings
from attune.supervisor import Plan
from chat_ui.settings import ChatUISettings
from http_bounds.settings import BoundSettings
from ledger.errors import Misconfigured
from ledger.settings import LedgerSettings, load
from server.controller.settings import EngineSettings
from server.settings import GatewaySettings


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the machine that runs the tests."""
    for name in list(settings.current_environment()):
        if name.startswith("ATTUNE_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ATTUNE_HOME", str(tmp_path / "home"))


def write(text: str) -> None:
    Path("attune.toml").write_text(text)


def found(name: str, section: str) -> settings.Setting:
    rows = settings.resolved(settings.current_environment())
    return next(row for row in rows if (row.name, row.section) == (name, section))


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (found("port", "gateway").value, found("port", "gateway").source) == ("8000", "default")
    write("[gateway]\nport = 8001\n")
    assert (found("port", "gateway").value, found("port", "gateway").source) == ("8001", "attune.toml")
    monkeypatch.setenv("ATTUNE_PORT", "8002")
    assert (found("port", "gateway").value, found("port", "gateway").source) == ("8002", "ATTUNE_PORT")


def test_the_file_may_lie_in_the_home_or_where_attune_config_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "attune.toml").write_text("[engine]\nkv_cache_gib = 3\n")
    assert EngineSettings().kv_cache_gib == 3
    (tmp_path / "other.toml").write_text("[engine]\nkv_cache_gib = 5\n")
    monkeypatch.setenv("ATTUNE_CONFIG", str(tmp_path / "other.toml"))
    assert EngineSettings().kv_cache_gib == 5


def test_the_chats_section_is_read_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    write("[chat_ui]\nui_port = 7000\n")
    assert settings.load_chat().ui_port == 7000
    monkeypatch.setenv("ATTUNE_UI_PORT", "7001")
    assert settings.load_chat().ui_port == 7001


def test_settings_show_what_follows_from_others(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write('[gateway]\nhost = "0.0.0.0"\nport = 8410\n')
    derived = {
        "gateway_url": "http://127.0.0.1:8410",
        "ui_key_file": str(tmp_path / "home" / "ui.key"),
        "ui_secret_file": str(tmp_path / "home" / "ui.secret"),
    }
    assert {name: found(name, "chat_ui").value for name in derived} == derived
    assert found("database_url", "ledger").value == f"sqlite:///{tmp_path / 'home' / 'ledger.db'}"
    assert found("tombstones_file", "ledger").value == str(tmp_path / "home" / "tombstones.jsonl")
    [chat] = [child.environment for child in Plan.from_settings().children() if child.name == "chat"]
    assert {name: chat[f"ATTUNE_{name.upper()}"] for name in derived} == derived


def test_what_is_set_is_in_force_in_the_chat_that_up_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTUNE_GATEWAY_URL", "http://other:1")
    write("[chat_ui]\nui_key_file = '/keys/chat'\n")
    monkeypatch.setenv("ATTUNE_UI_KEY_FILE", "")  # an empty variable counts as none
    [chat] = [child.environment for child in Plan.from_settings().children() if child.name == "chat"]
    assert (chat["ATTUNE_GATEWAY_URL"], chat["ATTUNE_UI_KEY_FILE"]) == ("http://other:1", "/keys/chat")


def test_the_chat_alone_finds_its_key_and_the_gateway(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ATTUNE_PORT", "8410")
    monkeypatch.setenv("ATTUNE_HOST", "::1")
    alone = ChatUISettings()
    assert alone.ui_key_file == tmp_path / "home" / "ui.key"
    assert alone.ui_secret_file == tmp_path / "home" / "ui.secret"
    assert alone.gateway_url == "http://[::1]:8410"


def test_up_hands_the_chats_bounds_to_the_chat_alone() -> None:
    write('[chat_ui]\nmax_connections = 50\nallowed_hosts = ["chat.example.com"]\n[gateway]\nmax_connections = 70\n')
    environments = {child.name: child.environment for child in Plan.from_settings().children()}
    assert environments["chat"]["ATTUNE_MAX_CONNECTIONS"] == "50"
    assert environments["chat"]["ATTUNE_ALLOWED_HOSTS"] == '["chat.example.com"]'
    assert "ATTUNE_MAX_CONNECTIONS" not in environments["gateway"]
    assert load(GatewaySettings).max_connections == 70


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[gateway]\nprot = 1\n", "prot"),
        ("[gateway]\nport = 99999\n", "port in"),
        ('[gateway]\nport = "x"\n', "port in"),
    ],
)
def test_a_mistake_in_the_file_is_named(text: str, words: str) -> None:
    write(text)
    with pytest.raises(Misconfigured, match=words):
        load(GatewaySettings)


def test_an_unknown_key_of_the_chat_is_refused() -> None:
    write("[chat_ui]\ncolour = 1\n")
    with pytest.raises(Misconfigured, match="colour"):
        settings.load_chat()


def test_a_file_that_is_not_toml_is_named() -> None:
    write("gateway port 8000")
    with pytest.raises(Misconfigured, match=r"attune\.toml"):
        LedgerSettings()


def test_a_config_that_is_not_there_is_an_error_and_not_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTUNE_CONFIG", "/nowhere.toml")
    with pytest.raises(Misconfigured, match=r"/nowhere\.toml"):
        LedgerSettings()


def test_secrets_are_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTUNE_UPSTREAM_API_KEY", "sk-do-not-show")
    monkeypatch.setenv("ATTUNE_DATABASE_URL", "postgresql://ann:hunter2@127.0.0.1/attune")
    rows = list(settings.resolved(settings.current_environment()))
    assert not any("sk-do" in row.value or "hunter2" in row.value for row in rows)
    assert found("database_url", "ledger").value == "postgresql://ann:********@127.0.0.1/attune"


def test_no_two_settings_of_ours_share_a_variable_unless_they_mean_the_same() -> None:
    seen: dict[str, set[str]] = {}
    for section, kind in settings.settings_classes().items():
        for name in kind.model_fields:
            seen.setdefault(name, set()).add(section)
    shared = {name for name, sections in seen.items() if len(sections) > 1}
    assert shared == {"upstream_api_key", *BoundSettings.model_fields}  # one bound for both servers, if it is so wished
