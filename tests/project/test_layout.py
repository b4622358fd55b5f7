"""Rules about the code itself: who imports whom, how long things are, and what is written down."""

import ast
import importlib
import re
import socket
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import assistant
from assistant.cli.index_add import add
from assistant.cli.main import LAZY_COMMANDS

ROOT = Path(__file__).parents[2]
PACKAGES = ("index", "assistant", "evals")
EXAMPLES = ROOT / "evals" / "examples"  # programs as users write them: they print, and import what is public
MODULES = tuple(
    sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py") if not file.is_relative_to(EXAMPLES))
)
MOST_LINES, MOST_FUNCTION_LINES = 300, 50
MOST_MODULES = 14  # in a folder
# From the ground up: a room imports those below it. What stands in no room of its own is named by itself.
ROOMS = {
    "index": (
        "articles children dotenv english errors printable private telemetry exports hits formats embed split weights"
        " read store retrieve lifecycle library shards cluster"
    ).split(),
    "assistant": (
        "trust settings_file setting_sources setting_types settings text dates cassettes llm answer embedded"
        " question evidence render selection answering retriever testing assistant console chat cli __main__"
    ).split(),
    "evals": (
        "questions converters metrics run score experiments index_bench judge reader report exchange peers commands"
        " __main__"
    ).split(),
}
MODULE_NAME = re.compile(rf"(?:{'|'.join(ROOMS)})(?:\.\w+)+(?=:\w+$|$)")  # "assistant.cli.ask:ask"
MAY_IMPORT = {"index": {"index"}, "assistant": {"assistant", "index"}, "evals": {"evals", "assistant", "index"}}
SIBLINGS = {*PACKAGES, "prompts", "tests"}
CHAT_CLIENTS = "langchain_openai"
# Modules that touch the environment, and why; only settings reads it for our own purposes.
ENVIRONMENT = {
    "assistant/settings.py": "reads the settings",
    "assistant/embedded/llama_server.py": "sets a default of the OpenMP library that runs the embedded language model",
    "index/children.py": "hands on what other processes need of it",
    "index/cluster/connection.py": "keeps Ray from printing among our output",
    "index/telemetry.py": "tells libraries to tell nobody",
}
PUBLIC_NAMES = [
    "Answer",
    "AnswerChain",
    "Article",
    "Assistant",
    "AssistantError",
    "Citation",
    "Claim",
    "Earlier",
    "Evidence",
    "NewsRetriever",
    "Question",
    "Rejected",
    "Status",
    "Window",
]
# What a person types or sets; a program that uses ``index`` does neither.
OF_THE_COMMAND_LINE = re.compile(
    r"\b(?:ASSISTANT|OPENAI)_[A-Z]|\bassistant (?:"
    + "|".join(LAZY_COMMANDS)
    + ")\\b|(?<!\\S)(?:"
    + "|".join(option for parameter in add.params for option in parameter.opts if option.startswith("--"))
    + ")\\b"
)
HOME_FOLDER = re.compile(r"/(?:home|Users|roo[t])/\w|[A-Z]:\\Users\\\w")
TEXTS = (".py", ".md", ".toml", ".txt", ".yml", ".yaml", ".sh", ".cfg", ".ini")

every_module = pytest.mark.parametrize("module", MODULES, ids=lambda file: str(file.relative_to(ROOT)))


def tree_of(module: Path) -> ast.Module:
    return ast.parse(module.read_text(encoding="utf-8"))


def imports_of(module: Path) -> Iterator[str]:
    """Dotted names that a module imports anywhere, inside functions too; relative ones made absolute."""
    package = module.relative_to(ROOT).parts[:-1]
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            name = ".".join((*base, *((node.module,) if node.module else ())))
            yield from (name, *(f"{name}.{alias.name}" for alias in node.names))


def room_of(name: str) -> tuple[str, int] | None:
    """Package and floor of a module or of what is in it; None for what is in no package of ours."""
    package, _, rest = name.partition(".")
    room = rest.partition(".")[0]
    return (package, ROOMS[package].index(room)) if room in ROOMS.get(package, ()) else None


def named_in(module: Path) -> Iterator[str]:
    """Modules that texts of a module name, to be imported later."""
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and MODULE_NAME.match(node.value):
            yield node.value.partition(":")[0]


def climbing(module: Path) -> list[str]:
    """What a module imports of rooms above its own."""
    package, *rest = module.relative_to(ROOT).with_suffix("").parts
    if rest == ["__init__"]:  # names everything, and imports it when it is used
        return []
    here = room_of(".".join((package, *rest)))
    assert here, f"{module} stands in no room"
    found = {name: room_of(name) for name in (*imports_of(module), *named_in(module))}
    return [name for name, there in found.items() if there and there[0] == here[0] and there[1] > here[1]]


def importers_of(library: str) -> set[str]:
    return {
        str(module.relative_to(ROOT))
        for module in MODULES
        if any(name.split(".")[0] == library for name in imports_of(module))
    }


def test_find_the_modules_that_the_rules_are_about() -> None:
    assert {"index/store/chroma.py", "assistant/cli/main.py"} <= {str(module.relative_to(ROOT)) for module in MODULES}


@every_module
def test_imports_go_from_evals_to_assistant_to_index(module: Path) -> None:
    package = module.relative_to(ROOT).parts[0]
    ours = {name.split(".")[0] for name in imports_of(module)} & SIBLINGS
    assert ours <= MAY_IMPORT[package]


@every_module
def test_rooms_import_those_below_them(module: Path) -> None:
    assert climbing(module) == []


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ("assistant/evidence/news.py", "from assistant.answering.chain import AnswerChain"),
        ("assistant/text/news.py", "def later():\n    import assistant.llm.client"),
        ("assistant/render/news.py", 'HOME = "assistant.cli.ask:ask"'),
        ("index/split/news.py", "from index import library"),
        ("index/hits.py", "from ..index.library import Library"),
    ],
)
def test_a_room_that_climbs_is_noticed(place: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = tmp_path / place
    module.parent.mkdir(parents=True)
    module.write_text(line, encoding="utf-8")
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    assert climbing(module)


@pytest.mark.parametrize("folder", sorted({module.parent for module in MODULES}), ids=str)
def test_folders_are_small(folder: Path) -> None:
    assert len([file for file in folder.glob("*.py") if file.name != "__init__.py"]) <= MOST_MODULES


def test_only_the_store_knows_chroma() -> None:
    assert importers_of("chromadb") == {"index/store/chroma.py"}


def test_only_the_lexical_index_knows_tantivy() -> None:
    assert importers_of("tantivy") == {"index/store/tantivy_index.py"}


def test_only_the_connection_knows_ray() -> None:
    assert importers_of("ray") == {"index/cluster/connection.py"}


def test_index_knows_nothing_of_language_models() -> None:
    libraries = ("langchain_core", "langchain_openai", "xllamacpp")
    assert not [name for library in libraries for name in importers_of(library) if name.startswith("index/")]


def test_index_draws_nothing_on_a_terminal() -> None:
    assert not [name for library in ("rich", "click") for name in importers_of(library) if name.startswith("index/")]


@pytest.mark.parametrize("module", [module for module in MODULES if module.is_relative_to(ROOT / "index")], ids=str)
def test_index_names_no_command_option_or_variable(module: Path) -> None:
    assert not OF_THE_COMMAND_LINE.findall(module.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "text", ["mend it: assistant index rebuild", "Run: assistant models pull", "set ASSISTANT_K", "allow it: --prune"]
)
def test_words_of_the_command_line_are_noticed(text: str) -> None:
    assert OF_THE_COMMAND_LINE.search(text)


def test_only_llm_makes_chat_clients() -> None:
    assert importers_of(CHAT_CLIENTS) == {"assistant/llm/client.py", "assistant/llm/attempts.py"}
    # attempts asks what kind of model it was given, and makes none.
    tree = tree_of(ROOT / "assistant" / "llm" / "attempts.py")
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert not [name for name in called if "ChatOpenAI" in name]
    # providers makes those of others, and is called by client alone.
    callers = {
        str(module.relative_to(ROOT)) for module in MODULES if "make_provider_model(" in module.read_text("utf-8")
    }
    assert callers == {"assistant/llm/client.py", "assistant/llm/providers.py"}


def test_only_settings_reads_the_environment() -> None:
    names = re.compile(r"\bos\.(?:environb?|getenvb?|putenv|unsetenv)\b|\bfrom os import .*\b(?:environ|getenv)\b")
    found = {str(module.relative_to(ROOT)) for module in MODULES if names.search(module.read_text(encoding="utf-8"))}
    assert found == ENVIRONMENT.keys()


@every_module
def test_files_and_functions_are_short(module: Path) -> None:
    assert len(module.read_text(encoding="utf-8").splitlines()) <= MOST_LINES
    long = [
        f"{node.name} has {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno >= MOST_FUNCTION_LINES
    ]
    assert not long


@every_module
def test_what_is_public_is_documented(module: Path) -> None:
    tree = tree_of(module)
    assert ast.get_docstring(tree)
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    public = [node for node in tree.body if isinstance(node, kinds) and not node.name.startswith("_")]
    assert not [node.name for node in public if not ast.get_docstring(node)]


@every_module
def test_library_code_does_not_print(module: Path) -> None:
    calls = [node.func for node in ast.walk(tree_of(module)) if isinstance(node, ast.Call)]
    assert not [call for call in calls if isinstance(call, ast.Name) and call.id == "print"]


def test_the_public_names_are_these_and_exist() -> None:
    assert assistant.__all__ == PUBLIC_NAMES
    for name in PUBLIC_NAMES:
        assert getattr(assistant, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'Retriever'"):
        assistant.__getattr__("Retriever")


def test_every_dependency_has_a_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    requirements = [
        *project["dependencies"],
        *(name for group in project["optional-dependencies"].values() for name in group),
    ]
    assert requirements
    for requirement in requirements:
        line = next(line for line in text.splitlines() if line.strip().startswith(f'"{requirement}"'))
        assert re.search(r'",\s+# \w.{9,}', line), f"no reason: {line.strip()}"


def test_wheels_carry_every_package_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert sorted(packages) == sorted([*PACKAGES, "prompts"])
    for package in packages:
        assert importlib.import_module(package).__file__ == str(ROOT / package / "__init__.py")


def test_no_file_names_a_home_folder() -> None:
    folders = [*PACKAGES, "prompts", "tests", ".ci"]
    files = [file for folder in folders for file in (ROOT / folder).rglob("*") if file.suffix in TEXTS]
    files += [file for file in ROOT.iterdir() if file.is_file() and (file.suffix in TEXTS or file.name == "Makefile")]
    assert ROOT / "Makefile" in files
    naming = [str(file.relative_to(ROOT)) for file in files if HOME_FOLDER.search(file.read_text(encoding="utf-8"))]
    assert not naming


def test_tests_reach_no_other_machine() -> None:
    with pytest.raises(socket.gaierror, match="no other machine"):
        socket.getaddrinfo("example.org", 443)
    with socket.socket() as client:
        with pytest.raises(PermissionError, match="this machine only"):
            client.connect(("192.0.2.1", 443))
        with pytest.raises(PermissionError, match="this machine only"):
            client.connect_ex(("192.0.2.1", 443))
    assert socket.getaddrinfo("localhost", 80)
