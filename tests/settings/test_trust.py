"""The settings file of a folder is data until the user trusts it, and keys go only where they were set for."""

import json
import stat
from pathlib import Path

import platformdirs
import pytest

from assistant.settings import APPLICATION, Settings, load_settings, reveal
from assistant.settings_file import HARMLESS
from tests.parts import KEY, Run
from tests.recording_server import RecordingServer

OTHER_KEY = "other-secret-9876543210"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, in which somebody else may have laid files."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.delenv("ASSISTANT_CONFIG")
    return folder


@pytest.fixture
def asking(here: Path, newsroom_index: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, with an index to ask, and keys in the environment."""
    monkeypatch.setenv("ASSISTANT_INDEX", str(newsroom_index))
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("ASSISTANT_EMBEDDINGS_API_KEY", KEY)
    monkeypatch.setenv("ASSISTANT_CHROMA_TOKEN", KEY)
    monkeypatch.setenv("ASSISTANT_RETRIES", "0")
    monkeypatch.setenv("ASSISTANT_CANDIDATES", "4")
    return here


def write(folder: Path, *lines: str) -> Path:
    path = folder / "assistant.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def connecting(server: RecordingServer) -> tuple[str, ...]:
    """Settings that send questions to a server."""
    return (f'base_url = "{server.url}/v1"', 'model = "m"')


def test_an_untrusted_file_says_neither_where_to_connect_nor_what_to_load(here: Path, run: Run) -> None:
    defaults = load_settings()
    path = write(
        here,
        "k = 3",
        'base_url = "http://127.0.0.1:1/v1"',
        'embeddings_base_url = "http://127.0.0.1:1/v1"',
        'embeddings_model = "x"',
        'chroma_url = "http://127.0.0.1:1"',
        "allow_private = true",
        'index = "index"',
        'local_model = "evil.gguf"',
        'models_dir = "models"',
        'prefetched_models = "models"',
        'model = "x"',
        'api_key = "attackers-own-key"',
    )
    shown = run("config", "--json")
    values = {one["name"]: one for one in json.loads(shown.out)}
    assert values["k"]["value"] == "3"
    assert load_settings() == defaults.model_copy(update={"k": 3})
    assert shown.err.splitlines() == [
        f"Warning: {path} is not trusted, so that it may not set allow_private, api_key, base_url, chroma_url, "
        "embeddings_base_url, embeddings_model, index, local_model, model, models_dir, prefetched_models; ignored.",
        "If the file is yours, read it, then: assistant config trust",
    ]


def test_a_new_setting_needs_trust() -> None:
    assert Settings.model_fields.keys() > HARMLESS
    places = {name for name in Settings.model_fields if name.endswith(("_url", "_key", "_token", "_dir", "model"))}
    assert not places & HARMLESS


def test_no_request_reaches_an_untrusted_address(asking: Path, run: Run) -> None:
    with RecordingServer() as server:
        write(asking, *connecting(server), f'embeddings_base_url = "{server.url}/v1"', f'chroma_url = "{server.url}"')
        asked = run("ask", "Who did Blinken meet?")
        added = run("index", "add", "--index", asking / "new", asking)
    assert server.requests == []
    assert "assistant config trust" in asked.err
    assert "assistant config trust" in added.err


def test_a_trusted_address_gets_the_question_but_not_the_key_of_the_environment(asking: Path, run: Run) -> None:
    with RecordingServer() as server:
        write(asking, *connecting(server))
        assert run("config", "trust").status == 0
        asked = run("ask", "Who did Blinken meet?")
    assert any("Blinken" in request for request in server.requests)
    assert not any(KEY in request for request in server.requests)
    assert f"Warning: api_key (from environment OPENAI_API_KEY) is not sent to {server.url}/v1" in asked.err
    assert "set OPENAI_BASE_URL beside OPENAI_API_KEY" in asked.err


def test_a_trusted_embeddings_address_gets_no_key(asking: Path, run: Run) -> None:
    with RecordingServer() as server:
        write(asking, f'embeddings_base_url = "{server.url}/v1"', 'embeddings_model = "m"')
        run("config", "trust")
        article = asking / "a.txt"
        article.write_text("The ferry sank.\n", encoding="utf-8")
        run("index", "add", "--index", asking / "new", article)
    assert server.requests
    assert not any(KEY in request for request in server.requests)


def test_a_trusted_chroma_server_gets_no_token_of_the_environment(asking: Path, run: Run) -> None:
    article = asking / "a.txt"
    article.write_text("The ferry sank.\n", encoding="utf-8")
    with RecordingServer() as server:
        write(asking, f'chroma_url = "{server.url}"')
        run("config", "trust")
        run("index", "add", "--index", asking / "new", article)
    assert server.requests
    assert not any(KEY in request for request in server.requests)


def test_a_key_beside_the_trusted_address_is_sent(asking: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    with RecordingServer() as server:
        write(asking, *connecting(server), f'api_key = "{OTHER_KEY}"')
        trusted = run("config", "trust")
        run("ask", "Who did Blinken meet?")
    assert any(f"authorization: bearer {OTHER_KEY}" in request.lower() for request in server.requests)
    assert "api_key = …3210" in trusted.out
    assert OTHER_KEY not in trusted.out


def test_the_users_own_file_gets_the_key_of_the_environment(asking: Path, run: Run) -> None:
    with RecordingServer() as server:
        own = write(platformdirs.user_config_path(APPLICATION), *connecting(server))
        asked = run("ask", "Who did Blinken meet?")
        assert "always trusted" in run("config", "trust", own).out
    assert any(f"authorization: bearer {KEY}" in request.lower() for request in server.requests)
    assert "Warning" not in asked.err


def test_a_folder_cannot_make_a_key_go_elsewhere_than_the_users_own_file_says(here: Path) -> None:
    write(platformdirs.user_config_path(APPLICATION), 'base_url = "http://mine/v1"', "k = 4", "seed = 5")
    write(here, "k = 3")
    settings = load_settings()
    assert (settings.base_url, settings.k, settings.seed) == ("http://mine/v1", 3, 5)


def test_the_key_for_the_default_address_goes_there_whoever_names_it(
    here: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    write(here, 'base_url = "https://api.openai.com/v1/"')
    run("config", "trust")
    assert reveal(load_settings().api_key) == KEY
    write(here, 'base_url = "http://api.openai.com/v1/"')  # not encrypted
    run("config", "trust")
    assert load_settings().api_key is None


def test_a_changed_file_must_be_trusted_anew(here: Path, run: Run) -> None:
    write(here, 'base_url = "http://first/v1"')
    assert "base_url = http://first/v1" in run("config", "trust").out
    assert load_settings().base_url == "http://first/v1"
    write(here, 'base_url = "http://second/v1"')
    assert load_settings().base_url is None
    run("config", "trust")
    assert load_settings().base_url == "http://second/v1"
    write(here, 'base_url = "http://first/v1"')
    assert load_settings().base_url is None
    run("config", "trust")
    assert "Trusted no more" in run("config", "untrust").out
    assert load_settings().base_url is None
    assert "Was not trusted" in run("config", "untrust").out


def test_a_copy_elsewhere_is_not_trusted(here: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    write(here, 'base_url = "http://first/v1"')
    run("config", "trust")
    write(tmp_path / "elsewhere", 'base_url = "http://first/v1"')
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert load_settings().base_url is None


def test_the_record_of_trust_is_private(here: Path, run: Run) -> None:
    write(here, "k = 3")
    run("config", "trust")
    folder = platformdirs.user_data_path(APPLICATION) / "trusted"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()] == [0o600]


def test_only_a_settings_file_can_be_trusted(here: Path, run: Run) -> None:
    missing = run("config", "trust")
    assert missing.status == 2
    assert "assistant.toml: cannot be read: No such file or directory" in missing.err
    write(here, 'bas_url = "http://first/v1"')
    assert "Did you mean 'base_url'?" in run("config", "trust").err
