"""Every error a person can meet, in one tree.

    AssistantError                 exit status 1
    ├── UsageError                 exit status 2: a flag, argument or setting is wrong
    │   └── SettingError           names the setting and where its value came from
    ├── InputError                 an article file cannot be read; names file and line
    ├── IndexStateError            the index is missing, empty, or made with other models
    │   ├── DamagedError           a file of the index cannot be read; rebuilding mends it
    │   ├── UnfitError             it was made with another embedding model, or in another format
    │   └── DividedError           it was divided into other shards since it was opened
    ├── ModelError                 an embedded model cannot be used
    │   ├── DownloadError          the package registry cannot be reached (retrying may help)
    │   └── DigestError            a file is not the file we expect; it was set aside
    └── ServiceError               a chat or embeddings server failed
        ├── AuthenticationError    the key is missing, wrong or not allowed
        ├── UnknownModelError      the server does not have the model
        ├── UnreachableError       nothing answers at the address (retrying may help)
        ├── RateLimitError         too many requests, or the quota is used up
        ├── ServiceTimeoutError    no answer in time (retrying may help)
        ├── ReplyError             the server answered with something unusable
        └── CassetteMissError      the cassette that stands for the server has no reply to a request
            └── PendingReplyError  the request was written down and waits for one

An error is one line about what happened and one about what to do. What costs an article a part of it and no more, such
as a date that is none, is an ``InputWarning`` instead.
"""

import warnings
from typing import Any, ClassVar


class AssistantError(Exception):
    """Base of all errors meant for people.

    Args:
        problem: what happened, naming the file, line, setting or address; one line, no full stop needed.
        remedy: what to do about it; may be empty when nothing can be done.
    """

    exit_status: ClassVar[int] = 1
    retry_helps: ClassVar[bool] = False

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__(problem, remedy)
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.problem}\n{self.remedy}" if self.remedy else self.problem


class UsageError(AssistantError):
    """A flag, an argument or a setting is wrong."""

    exit_status = 2


class SettingError(UsageError):
    """A setting has an unusable value; the problem names the setting and its origin."""


class InputError(AssistantError):
    """An article file cannot be read; the problem names the file and, where known, the line."""


class InputWarning(UserWarning):
    """Something of an article cannot be read, and the article is added without it; the problem names file and line."""

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__(problem, remedy)
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.problem} ({self.remedy})" if self.remedy else self.problem


def warn(warning: InputWarning) -> None:
    """Warn on standard error, where the caller gave no function for warnings."""
    warnings.warn(warning, stacklevel=2)


class IndexStateError(AssistantError):
    """The index is missing, empty, or was made with other models."""


class DamagedError(IndexStateError):
    """A file of the index cannot be read, or two of its parts disagree; rebuilding mends it."""


class UnfitError(IndexStateError):
    """The index was made with another embedding model, another way of cutting texts, or in another format."""


class DividedError(IndexStateError):
    """The index was divided into shards, or into others, since it was opened; opening it again helps."""

    retry_helps = True


class ModelError(AssistantError):
    """An embedded model cannot be fetched, loaded or run."""


class DownloadError(ModelError):
    """The package registry cannot be reached or does not have the file."""

    retry_helps = True


class DigestError(ModelError):
    """A file's SHA-256 is not the expected one; the file was set aside and is not used."""


class ServiceError(AssistantError):
    """A chat or embeddings server failed."""


class AuthenticationError(ServiceError):
    """The key is missing, wrong, or not allowed to use the model."""


class UnknownModelError(ServiceError):
    """The server does not have the model that was asked for."""


class UnreachableError(ServiceError):
    """Nothing answers at the server's address."""

    retry_helps = True


class RateLimitError(ServiceError):
    """Too many requests, or the quota is used up."""

    retry_helps = True


class ServiceTimeoutError(ServiceError):
    """The server did not answer within the time-out."""

    retry_helps = True


class ContextOverflowError(ServiceError):
    """The prompt is longer than the model can read."""


class ReplyError(ServiceError):
    """The server answered with something that cannot be used.

    Attributes:
        usage: what that took, as the caller counts it; None when it is not known.
    """

    usage: Any = None


class CassetteMissError(ServiceError):
    """The cassette has no reply to a request; the problem names cassette and digest."""


class PendingReplyError(CassetteMissError):
    """The request was written down and waits for a reply."""
