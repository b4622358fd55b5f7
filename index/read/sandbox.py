"""Runs parsers of untrusted formats in a process of their own.

Pages, feeds and PDF files come from anywhere, and their parsers are large. In the other process they have bounded time
and memory and what ``index.read.confinement`` leaves them, and when they break, one file is not read. The process takes
one document after another on standard input and ends when that is closed, which also happens when its parent is killed.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from threading import Event, Timer
from types import TracebackType

from index.children import ROOT, command, environment
from index.errors import InputError
from index.formats.decoding import decode
from index.formats.limits import PARSE_BYTES, PARSE_SECONDS, megabytes
from index.formats.sniff import Kind
from index.read.confinement import confine

Fields = Mapping[str, object]
REMEDY = "leave it out, or save its text as a .txt file"
_START = "from index.read.sandbox import serve; serve()"


@dataclass(frozen=True, slots=True)
class Task:
    """A document to parse: its name in messages, and what is known about it besides its bytes."""

    kind: str
    place: str
    charset: str = ""
    url: str = ""


class Parsers:
    """The other process; started when it is first needed, and again after it had to be ended.

    Args:
        seconds: wall-clock time for one document.
    """

    def __init__(self, seconds: float = PARSE_SECONDS) -> None:
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None

    def parse(self, task: Task, data: bytes) -> Iterator[Fields | InputError]:
        """The fields of each article in a document, or why one of them, or all, cannot be read."""
        self._process = self._process or _started()
        process, late = self._process, Event()

        def end() -> None:
            late.set()
            process.kill()

        timer = Timer(self._seconds, end)
        timer.start()
        try:
            reply = _ask(process, task, data)
        except BaseException:  # Ctrl-C: the reply to this document must not become that to the next one
            self.close()
            raise
        finally:
            timer.cancel()
        if reply:
            yield from (_received(entry) for entry in json.loads(reply))
            return
        self.close()
        why = f"takes longer than {self._seconds:g} s" if late.is_set() else "its parser broke down"
        yield InputError(f"{task.place}: cannot be read as {task.kind}: {why}", REMEDY)

    def close(self) -> None:
        """End the process, if it runs."""
        if process := self._process:
            self._process = None
            process.kill()
            with suppress(OSError):  # what was not yet sent to it
                process.communicate()

    def __enter__(self) -> "Parsers":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _started() -> subprocess.Popen[bytes]:
    # Whatever parsers have to say is not for people; that they failed is told in the reply.
    return subprocess.Popen(
        command(_START),
        cwd=ROOT,
        env=environment(TZ="UTC0"),  # a zone's file is none that parsers may read
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def _ask(process: subprocess.Popen[bytes], task: Task, data: bytes) -> bytes:
    """The line that the process answers; empty when it ended instead."""
    if process.stdin is None or process.stdout is None:
        raise AssertionError("the process was started with pipes")
    try:
        process.stdin.write(json.dumps({**asdict(task), "size": len(data)}).encode() + b"\n")
        process.stdin.write(data)
        process.stdin.flush()
        reply = process.stdout.readline()
    except OSError:  # it ended while we wrote
        return b""
    return reply if reply.endswith(b"\n") else b""


def _received(entry: Mapping[str, object]) -> Fields | InputError:
    return InputError(str(entry["problem"]), str(entry["remedy"])) if "problem" in entry else entry


def serve() -> None:
    """Be the other process: read documents from standard input, write what is in them to standard output."""
    confine()
    replies = sys.stdout.buffer
    sys.stdout = sys.stderr  # nothing that a parser prints may get between the replies
    while line := sys.stdin.buffer.readline():
        header = json.loads(line)
        size = header.pop("size")
        reply = _reply(Task(**header), sys.stdin.buffer.read(size))
        replies.write(reply + b"\n")
        replies.flush()


def _reply(task: Task, data: bytes) -> bytes:
    try:
        return json.dumps([_sent(item) for item in parsed(task, data)]).encode()
    except InputError as error:
        return json.dumps([_sent(error)]).encode()
    except MemoryError:
        problem = f"{task.place}: cannot be read as {task.kind}: needs more than {megabytes(PARSE_BYTES)} of memory"
    except Exception as error:  # a parser may fail in any way on what was made to break it
        what = " ".join(str(error).split())[:200] or "without a reason"
        problem = f"{task.place}: cannot be read as {task.kind}: damaged ({what})"
    return json.dumps([_sent(InputError(problem, REMEDY))]).encode()


def _sent(item: Fields | InputError) -> Mapping[str, object]:
    return {"problem": item.problem, "remedy": item.remedy} if isinstance(item, InputError) else item


def parsed(task: Task, data: bytes) -> Iterator[Fields | InputError]:
    """Parse a document in this process.

    Raises:
        InputError: all of it cannot be read.
        Exception: whatever the parser of a broken document raises.
    """
    match task.kind:
        case Kind.HTML:
            from index.formats.html import page_fields

            yield from page_fields(data, task.place, task.charset, task.url)
        case Kind.FEED:
            from index.formats.feeds import feed_fields

            yield from feed_fields(data, task.place, task.charset)
        case Kind.PDF:
            from index.formats.pdf import pdf_fields

            yield from pdf_fields(data, task.place)
        case _:
            from index.formats.markdown import markdown_fields

            yield from markdown_fields(decode(data, task.place, task.charset), task.place)
