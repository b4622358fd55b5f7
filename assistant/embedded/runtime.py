"""Checks whether the packages that run the embedded models are installed."""

from importlib.util import find_spec

from index.errors import ModelError

NEEDS_LOCAL = "install the embedded models' runtime (pip install 'news-assistant[local]'), or name a server instead"


def is_installed(package: str) -> bool:
    """Whether a package is there to be imported."""
    return find_spec(package) is not None


def require(package: str) -> None:
    """Check that a package is installed.

    Raises:
        ModelError: it is not.
    """
    if not is_installed(package):
        raise ModelError(f"the embedded models need the package {package}, which is not installed", NEEDS_LOCAL)
