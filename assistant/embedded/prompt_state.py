"""Saves the language model's state after the fixed part of a prompt, so that it is read only once.

Instructions and examples are most of a prompt, and a small machine reads them for seconds. llama.cpp can write what it
knows after them to a file (28 KiB a token) and take it up again in milliseconds, in another process too.
"""

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from assistant.embedded.llama_client import LlamaClient

HEAD_BYTES = 1 << 20  # of the model file, with its size: enough to tell one model from another
KEPT = 3  # states of other models and prompts


@dataclass(frozen=True, slots=True)
class PromptState:
    """Where a state is kept.

    Attributes:
        folder: exists, and only this user can read it.
        system: the system message that prompts begin with.
        gguf: the model file.
        runtime: the version of llama.cpp; another one may write another form.
    """

    folder: Path
    system: str
    gguf: Path
    runtime: str

    @property
    def key(self) -> str:
        """Changes with everything that the state depends on."""
        with self.gguf.open("rb") as file:
            head = file.read(HEAD_BYTES)
        parts = (self.runtime, self.system, str(self.gguf.stat().st_size))
        return hashlib.sha256("\0".join(parts).encode() + head).hexdigest()[:24]

    def take_up(self, server: LlamaClient, slots: int = 1) -> None:
        """Put every slot of the server into the state, reading the fixed part and saving the state when there is none.

        What fails here costs time and nothing else: without room, without the right to write, or with a server that
        cannot do this, the fixed part is read with the first questions.
        """
        with suppress(OSError):
            if not self._restored(server, range(slots)):
                server.send("/v1/chat/completions", {"messages": self._messages, "max_tokens": 1, "id_slot": 0})
                self._save(server)
                self._restored(server, range(1, slots))

    @property
    def _messages(self) -> list[dict[str, str]]:
        return [{"role": "system", "content": self.system}, {"role": "user", "content": ""}]

    def _restored(self, server: LlamaClient, slots: range) -> bool:
        """Whether a whole state was there and was taken; a damaged one is removed."""
        for file in self.folder.glob(f"{self.key}-*.state"):
            if _named(self.key, file) == file.name:
                for slot in slots:
                    server.send(f"/slots/{slot}?action=restore", {"filename": file.name})
                os.utime(file)
                return True
            file.unlink(missing_ok=True)
        return False

    def _save(self, server: LlamaClient) -> None:
        unfinished = self.folder / f"{uuid4().hex}.part"
        try:
            server.send("/slots/0?action=save", {"filename": unfinished.name})
            unfinished.chmod(0o600)
            unfinished.replace(self.folder / _named(self.key, unfinished))
        finally:
            unfinished.unlink(missing_ok=True)
        newest = sorted(self.folder.glob("*.state"), key=lambda file: file.stat().st_mtime, reverse=True)
        for file in newest[1 + KEPT :]:
            file.unlink(missing_ok=True)


def _named(key: str, file: Path) -> str:
    """A state's name holds the digest of its content, so that a damaged one is never read."""
    with file.open("rb") as content:
        return f"{key}-{hashlib.file_digest(content, 'sha256').hexdigest()[:32]}.state"
