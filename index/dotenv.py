"""Keeps a library from reading its settings from a ``.env`` file in the current folder."""

import sys
from importlib import import_module


def import_unheeding(library: str) -> None:
    """Import a library that makes settings of pydantic meanwhile, without the ``.env`` of the current folder.

    Such a file may come from anywhere: it may name servers and classes to load, or stop the import because it has other
    values than the library knows, or is not UTF-8. pydantic has no switch that holds for settings not made yet, so what
    reads the file is taken away for so long.
    """
    if library in sys.modules:
        return
    from pydantic_settings import DotEnvSettingsSource

    reads = DotEnvSettingsSource._load_env_vars
    setattr(DotEnvSettingsSource, reads.__name__, _nothing)
    try:
        import_module(library)
    finally:
        setattr(DotEnvSettingsSource, reads.__name__, reads)


def _nothing(_: object) -> dict[str, str | None]:
    return {}
