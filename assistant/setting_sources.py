"""Records the origin of each setting, decides where keys may be sent, and masks values for display."""

import difflib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from assistant.settings_file import SettingsFile
from index.embed.openai_errors import same_server, shown_address
from index.errors import SettingError

CONFIG_FILE = "assistant.toml"
OPENAI_BASE_URL = "https://api.openai.com/v1"
SHARED_VARIABLES = {"api_key": "OPENAI_API_KEY", "base_url": "OPENAI_BASE_URL"}
# Key → the settings that say where it is sent: the first that is given; none of them means the default address.
ADDRESSES = {
    "api_key": ("base_url",),
    "embeddings_api_key": ("embeddings_base_url", "base_url"),
    "chroma_token": ("chroma_url",),
}
SHORTEST_SHOWN = 12  # characters of a key of which four can be shown


@dataclass(frozen=True, slots=True)
class Given:
    """A value that someone gave.

    Attributes:
        origin: who, in words.
        folder: what its relative paths start from.
        foreign: the file that gave it, where that is not the user's own.
    """

    value: object
    origin: str
    folder: Path = Path()
    foreign: Path | None = None


def override(value: object, before: Given | None) -> Given:
    """What a program gives: a value of the command line, or that of a file, with who gave it.

    Args:
        before: what it takes the place of. An address of a file that the user names as well is the user's own.
    """
    if not isinstance(value, Given):
        return Given(value, "command line")
    own = before is not None and before.foreign is None and same_server(str(before.value), str(value.value))
    return replace(value, foreign=None) if own else value


def environment_name(setting: str) -> str:
    """Name of the environment variable of a setting."""
    return SHARED_VARIABLES.get(setting, f"ASSISTANT_{setting.upper()}")


def given_by(file: SettingsFile, known: Collection[str]) -> dict[str, Given]:
    """Setting → value of a file, without what it may not set.

    Args:
        known: the settings that there are.

    Raises:
        SettingError: the file is not TOML, or has another setting than these.
    """
    unknown = next((name for name in file.values if name not in known), None)
    if unknown is not None:
        raise SettingError(f"{file.path}: unknown setting {unknown!r}", _suggestion(unknown, known))
    origin, foreign = f"{CONFIG_FILE}: {file.path}", None if file.own else file.path
    counting = (name for name in file.values if name not in file.ignored)
    return {name: Given(file.values[name], origin, file.path.parent, foreign) for name in counting}


def misdirected(given: Mapping[str, Given]) -> Iterator[tuple[str, str]]:
    """Keys that would go to an address from another source, each with what to say of it."""
    for key, settings in ADDRESSES.items():
        setting = next((name for name in settings if name in given), None)
        if key not in given or setting is None or given[setting].foreign == given[key].foreign:
            continue
        address = given[setting]
        if not same_server(str(address.value), OPENAI_BASE_URL):
            yield (
                key,
                f"Warning: {key} (from {given[key].origin}) is not sent to {shown_address(str(address.value))}, "
                f"which is set by another ({setting} from {address.origin}).\n"
                f"If the key is for that address, set {environment_name(setting)} beside {environment_name(key)}.",
            )


def shown_input(name: str, value: object) -> object:
    """A given value, as it may be shown: keys masked, addresses without passwords."""
    if name.endswith(("api_key", "token")):
        return mask(str(value))
    return shown_address(value) if isinstance(value, str) and name.endswith("_url") else value


def mask(secret: str) -> str:
    """A secret as it may be shown: ``…abcd``; short ones are hidden completely."""
    return f"…{secret[-4:]}" if len(secret) >= SHORTEST_SHOWN else "…"


def _suggestion(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name.lower(), known, n=1)
    return f"Did you mean {near[0]!r}?" if near else f"Known settings: {', '.join(known)}."
