"""Where settings come from, and what is said when they are wrong."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from assistant.cli.config import config
from assistant.settings import SettingOrigin, Settings, environment_name, explain_settings, load_settings, reveal
from index.embed.openai_errors import Service, shown_address
from index.errors import SettingError

KEY = "sk-secret-0123456789abcd"


@pytest.fixture(autouse=True)
def _nothing_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ["ASSISTANT_CONFIG", *map(environment_name, Settings.model_fields)]:
        monkeypatch.delenv(variable, raising=False)
    for variable in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    monkeypatch.chdir(tmp_path)


def write_config(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "assistant.toml"
    path.write_text(text, encoding="utf-8")
    return path


def origin_of(name: str, **overrides: object) -> SettingOrigin:
    return next(origin for origin in explain_settings(**overrides) if origin.name == name)


# Order


def test_the_command_line_beats_the_environment_beats_the_file_beats_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (load_settings().k, origin_of("k").origin) == (8, "default")
    path = write_config(tmp_path, "k = 7")
    assert (load_settings().k, origin_of("k").origin) == (7, f"assistant.toml: {path}")
    monkeypatch.setenv("ASSISTANT_K", "6")
    assert (load_settings().k, origin_of("k").origin) == (6, "environment ASSISTANT_K")
    assert (load_settings(k=5).k, origin_of("k", k=5).origin) == (5, "command line")
    assert load_settings(k=None).k == 6


def test_empty_variables_count_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_K", "")
    monkeypatch.setenv("OPENAI_API_KEY", " ")
    monkeypatch.setenv("ASSISTANT_CONFIG", "")
    assert load_settings() == Settings()


def test_the_named_file_beats_the_one_here_beats_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    write_config(tmp_path / "XDG_CONFIG_HOME" / "news-assistant", "k = 1")
    assert load_settings().k == 1
    write_config(tmp_path, "k = 2")
    assert load_settings().k == 2
    monkeypatch.setenv("ASSISTANT_CONFIG", str(write_config(tmp_path / "named", "k = 3")))
    assert load_settings().k == 3


def test_paths_in_a_file_start_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_config(tmp_path / "project", 'index = "articles"\nmodels_dir = "/models"\nlocal_model = "~/m.gguf"')
    monkeypatch.setenv("ASSISTANT_CONFIG", str(path))
    monkeypatch.setenv("ASSISTANT_PREFETCHED_MODELS", "here")
    settings = load_settings()
    assert settings.index == tmp_path / "project" / "articles"
    assert settings.models_dir == Path("/models")
    assert settings.local_model == tmp_path / "HOME" / "m.gguf"
    assert settings.prefetched_models == Path("here")


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_has_a_variable_and_a_description(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    other = {name: "http://host/v1" for name in Settings.model_fields if name.endswith("_url")} | {
        "reranker": "none",
        "writing": "wide",
        "cassette_mode": "record",
        "chroma_url": "http://host",
    }
    small = {"retries": "1", "temperature": "1.5", "reasoning_effort": "low"}
    switches = {name: "true" for name, field in Settings.model_fields.items() if field.annotation is bool}
    value = {**other, **small, **switches}.get(name, "600")
    monkeypatch.setenv(environment_name(name), value)
    origin = origin_of(name)
    assert origin.origin == f"environment {environment_name(name)}"
    assert origin.value.lower().startswith("…" if name.endswith(("api_key", "_token")) else value)
    assert origin.description


# Derived


@pytest.mark.parametrize(
    ("given", "model"),
    [
        ({}, "local"),
        ({"api_key": KEY}, "gpt-6-luna"),
        ({"base_url": "http://host/v1"}, None),
        ({"base_url": "http://host/v1", "api_key": KEY}, None),
        ({"base_url": "https://api.openai.com/v1/", "api_key": KEY}, "gpt-6-luna"),
        ({"api_key": KEY, "model": "gpt-5"}, "gpt-5"),
        ({"api_key": KEY, "model": "local"}, "local"),
    ],
)
def test_the_model_follows_from_key_and_address(given: dict[str, Any], model: str | None) -> None:
    settings = load_settings(**given)
    assert settings.chat_model == model
    assert settings.uses_local_llm == (model == "local")
    assert origin_of("model", **given).value == (model or "the only one the server offers")


@pytest.mark.parametrize(
    ("given", "url", "key"),
    [
        ({}, "https://api.openai.com/v1", None),
        ({"api_key": KEY}, "https://api.openai.com/v1", KEY),
        ({"api_key": KEY, "base_url": "http://chat/v1"}, "http://chat/v1", KEY),
        ({"api_key": KEY, "embeddings_base_url": "https://other/v1"}, "https://other/v1", None),
        ({"api_key": KEY, "base_url": "http://a/v1", "embeddings_base_url": "http://a/v2"}, "http://a/v2", KEY),
        ({"embeddings_api_key": KEY, "embeddings_base_url": "https://other/v1"}, "https://other/v1", KEY),
    ],
)
def test_the_key_goes_to_no_other_host(given: dict[str, Any], url: str, key: str | None) -> None:
    settings = load_settings(**given)
    assert settings.embeddings_service_url == url
    assert reveal(settings.embeddings_service_key) == key


# Secrets


def test_secrets_are_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", "https://user:password@host/v1?key=hidden")
    settings = load_settings()
    assert reveal(settings.api_key) == KEY
    shown = [str(explain_settings()), CliRunner().invoke(config).output, CliRunner().invoke(config, "--json").output]
    assert all(KEY not in text and "password" not in text and "hidden" not in text for text in [*shown, repr(settings)])
    assert KEY not in repr(settings)
    assert origin_of("api_key").value == "…abcd"
    assert origin_of("base_url").value == "https://host/v1"
    assert origin_of("api_key", api_key="short").value == "…"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://user:hidden@host/v1?key=hidden#hidden", "https://host/v1"),
        ("https://user:hid/hidden@host/v1", "https://host/v1"),
        ("user:hidden@host/v1", "host/v1"),
        ("https://user:hidden@[::1", "https://[::1"),
    ],
)
def test_addresses_are_shown_without_passwords(address: str, shown: str) -> None:
    assert shown_address(address) == shown
    assert "hidden" not in Service(address, "m", secrets=()).named


def test_what_a_server_repeats_of_an_address_is_masked() -> None:
    service = Service("https://user:p%40ss@host/v1?key=hidden", "m")
    words = service.quote("no user:p%40ss or p@ss at https://host/v1?key=hidden")
    assert words == "no user:… or … at https://host/v1?…"


def test_a_bad_key_is_refused_without_showing_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "“sk-secret-0123456789”")
    with pytest.raises(SettingError, match="typographic quotes") as caught:
        load_settings()
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


# Mistakes


@pytest.mark.parametrize(
    ("variable", "value", "allowed"),
    [
        ("ASSISTANT_RERANKER", "best", "It should be 'local' or 'none'."),
        ("ASSISTANT_THREADS", "0", "It should be greater than or equal to 1."),
        ("ASSISTANT_K", "many", "It should be a valid integer."),
        ("ASSISTANT_TIMEOUT_SECONDS", "inf", "It should be a finite number."),
        ("ASSISTANT_TEMPERATURE", "3", "It should be less than or equal to 2."),
        ("OPENAI_BASE_URL", "localhost:8080", "It should be a web address such as https://host/v1."),
        ("OPENAI_BASE_URL", "http://[1/v1", "It should be a web address such as https://host/v1."),
        ("OPENAI_BASE_URL", "http://host:99999/v1", "It should be a web address such as https://host/v1."),
        ("OPENAI_BASE_URL", "https:///v1", "It should be a web address such as https://host/v1."),
    ],
)
def test_a_bad_value_is_named_with_its_origin_and_what_is_allowed(
    variable: str, value: str, allowed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingError) as caught:
        load_settings()
    name = variable.removeprefix("ASSISTANT_").removeprefix("OPENAI_").lower()
    assert caught.value.problem == f"{name} cannot be {value!r} (from environment {variable})"
    assert caught.value.remedy == allowed
    assert caught.value.exit_status == 2


def test_a_bad_value_of_the_command_line_is_named() -> None:
    with pytest.raises(SettingError, match=r"model cannot be '' \(from command line\)"):
        load_settings(model="")


@pytest.mark.parametrize(
    ("text", "problem", "remedy"),
    [
        ("rerankr = 'none'", "unknown setting 'rerankr'", "Did you mean 'reranker'?"),
        ("[llm]\nmodel = 'x'", "unknown setting 'llm'", "Known settings: index, api_key,"),
        ("k = 1\nk 2", "not valid TOML: Expected '=' after a key in a key/value pair (at line 2, column 3)", "quotes"),
        ("k = 'ä'".encode("latin-1"), "not UTF-8 text", "UTF-8"),
        ("k = 0", "k cannot be 0 (from assistant.toml: ", "greater than or equal to 1"),
        ("threads = 'all'", "threads cannot be 'all' (from assistant.toml: ", "integer"),
        (f"k = {'9' * 5000}", "not valid TOML: Exceeds the limit", "quotes"),
        (f"k = {'[' * 100_000}", "brackets within brackets", "Correct the file"),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path: Path, text: str | bytes, problem: str, remedy: str) -> None:
    path = tmp_path / "assistant.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SettingError) as caught:
        load_settings()
    assert str(path) in caught.value.problem
    assert problem in caught.value.problem
    assert remedy in caught.value.remedy


def test_a_named_file_must_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_CONFIG", "nowhere.toml")
    with pytest.raises(SettingError, match=r"ASSISTANT_CONFIG names nowhere\.toml, which is not a file"):
        load_settings()


def test_a_link_to_nowhere_counts_as_no_file(tmp_path: Path) -> None:
    (tmp_path / "assistant.toml").symlink_to(tmp_path / "loop.toml")
    (tmp_path / "loop.toml").symlink_to(tmp_path / "assistant.toml")
    assert load_settings() == Settings()


def test_unknown_overrides_are_a_programming_error() -> None:
    with pytest.raises(TypeError, match="rerankr"):
        load_settings(rerankr="none")


# The command


def test_the_command_shows_every_setting(tmp_path: Path) -> None:
    write_config(tmp_path, "reranker = 'none'")
    output = CliRunner(env={"COLUMNS": "200"}).invoke(config).output
    lines = {line.split()[0]: line for line in output.splitlines()}
    assert set(Settings.model_fields) <= set(lines)
    assert "none" in lines["reranker"]
    assert "assistant.toml" in lines["reranker"]


def test_the_command_writes_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_MODEL", "[red]x")
    shown = {origin["name"]: origin for origin in json.loads(CliRunner().invoke(config, "--json").output)}
    assert shown["model"]["value"] == "[red]x"
    assert shown["model"]["origin"] == "environment ASSISTANT_MODEL"
    assert list(shown) == list(Settings.model_fields)
