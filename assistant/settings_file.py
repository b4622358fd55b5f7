"""Reads settings files: the user's own, and that of the current folder, which counts in full only once trusted."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from assistant.trust import is_trusted
from index.errors import SettingError

# What any folder may set: none of it says where to connect, what to load, what to send or where to write.
HARMLESS = frozenset(
    "candidates context_tokens evidence_tokens k keep_warm_seconds reranker retries seed sentences temperature threads"
    " timeout_seconds".split()
)


@dataclass(frozen=True)
class SettingsFile:
    """A settings file as it was read once.

    Attributes:
        own: it is the user's: in the configuration folder, or named by the user.
    """

    path: Path
    content: bytes
    own: bool

    @cached_property
    def values(self) -> Mapping[str, Any]:
        """Setting → value, as the file has them.

        Raises:
            SettingError: it is not TOML; names the line.
        """
        try:
            return tomllib.loads(self.content.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise SettingError(f"{self.path}: not UTF-8 text", "Save the file as UTF-8.") from error
        except ValueError as error:  # TOMLDecodeError, "… (at line 3, column 7)"; or a number without end
            raise SettingError(
                f"{self.path}: not valid TOML: {error}", "Correct the file; texts need quotes."
            ) from error
        except RecursionError as error:
            raise SettingError(f"{self.path}: brackets within brackets without end", "Correct the file.") from error

    @cached_property
    def trusted(self) -> bool:
        """Whether all of it counts."""
        return self.own or is_trusted(self.path, self.content)

    @property
    def ignored(self) -> tuple[str, ...]:
        """Settings that count only once the file is trusted."""
        return () if self.trusted else tuple(sorted(self.values.keys() - HARMLESS))

    @property
    def notice(self) -> str:
        """What to say of the ignored settings; empty where there is none."""
        if not self.ignored:
            return ""
        names = ", ".join(self.ignored)
        return (
            f"Warning: {self.path} is not trusted, so that it may not set {names}; ignored.\n"
            "If the file is yours, read it, then: assistant config trust"
        )


def read_settings_file(path: Path, *, own: bool) -> SettingsFile:
    """Read a settings file.

    Raises:
        SettingError: it cannot be read.
    """
    try:
        return SettingsFile(path, path.read_bytes(), own)
    except OSError as error:
        raise SettingError(f"{path}: cannot be read: {error.strerror}", "Check the file's permissions.") from error
