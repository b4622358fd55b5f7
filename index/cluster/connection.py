"""Joins a Ray cluster that others have started, as a driver; the only module that imports Ray."""

import contextlib
import os
import socket
from collections.abc import Callable, Mapping
from functools import cache
from importlib.util import find_spec
from threading import Lock
from typing import Any

from index.children import ROOT
from index.errors import ModelError, SettingError, UnreachableError

NAMESPACE = "news-assistant"  # of the names of our actors, which every driver of the cluster finds by them
REACH_SECONDS = 5
LOOPBACK = frozenset({"localhost", "127.0.0.1"})
INSTALL = "pip install 'news-assistant[cluster]' brings it"
_CONNECTING = Lock()


def connect(address: str) -> Any:
    """Become a driver of the cluster, once in a process; gives the module ``ray``.

    Args:
        address: HOST:PORT of the cluster's head.

    Raises:
        ModelError: Ray is not installed.
        SettingError: the address has another form.
        UnreachableError: nothing answers there, Ray does not run on this machine, or it has another version.
    """
    ray = _ray()
    with _CONNECTING:
        resolved = _resolved(address, ray.util.get_node_ip_address)
        if ray.is_initialized():
            _refuse_another(resolved, ray.get_runtime_context().gcs_address)
            return ray
        _reach(resolved)
        # Ray has its workers import from the driver's current folder, where articles of anybody may lie.
        with contextlib.chdir(ROOT):
            try:
                ray.init(address=address, namespace=NAMESPACE, log_to_driver=False, logging_level="ERROR")
            except (RuntimeError, ConnectionError, ValueError) as error:
                problem = f"this process cannot join the Ray cluster at {address}: {_first_line(error)}"
                remedy = f"start Ray of the same version on this machine too: ray start --address={address}"
                raise UnreachableError(problem, remedy) from error
    return ray


def offered(ray: Any) -> Mapping[str, str]:
    """The resources that nodes offer now: name → address of such a node."""
    alive = [node for node in ray.nodes() if node["Alive"]]
    return {name: node["NodeManagerAddress"] for node in alive for name in node["Resources"]}


@cache
def _ray() -> Any:
    if find_spec("ray") is None:
        raise ModelError("a Ray cluster is set, but the package ray is not installed", INSTALL)
    # What Ray's own processes have to say, such as that a worker was killed, it would print among our output.
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".")
    import ray

    return ray


def _refuse_another(address: str, joined: str) -> None:
    if address != joined:
        problem = f"this process has joined the Ray cluster at {joined} and cannot join the one at {address} as well"
        raise SettingError(problem, "use one cluster in one process")


def _resolved(address: str, own: Callable[[], str]) -> str:
    """The address as Ray has it.

    Args:
        own: this machine's address, which Ray takes in place of that of the loopback.
    """
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise SettingError(f"the Ray cluster's address cannot be {address!r}", "it has the form HOST:PORT")
    try:
        return f"{own() if host in LOOPBACK else socket.gethostbyname(host)}:{port}"
    except OSError as error:
        raise UnreachableError(f"the Ray cluster's host {host} is not known: {error}", "correct its address") from error


def _reach(address: str) -> None:
    """Try out the address first: Ray itself would wait for minutes, and end the process."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), REACH_SECONDS).close()
    except OSError as error:
        problem = f"no Ray cluster answers at {address}: {error.strerror or error}"
        raise UnreachableError(problem, f"start its head there: ray start --head --port={port}") from error


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
