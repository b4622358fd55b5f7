"""Reads prompts from files: Markdown with front matter that names their variables and their reply schema."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from string import Template
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

HEADING = re.compile(r"^# (.+)\n", re.MULTILINE)
FIRST = ("System", "User")


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt of ``prompts/``.

    Attributes:
        reply: JSON Schema of the reply; objects in it are closed and complete, as strict servers want.
        parts: heading → text with ``$name`` for variables: "System", "User", and what is said only at times.
        digest: SHA-256 of the file.
    """

    name: str
    reply: Mapping[str, Any]
    parts: Mapping[str, str]
    digest: str

    @property
    def system(self) -> str:
        """The fixed text that comes first."""
        return self.part("System")

    def messages(self, **values: str) -> "list[BaseMessage]":
        """The system and the user message.

        Raises:
            TypeError: the values given are not exactly the user message's variables.
        """
        from langchain_core.messages import HumanMessage, SystemMessage

        return [SystemMessage(self.system), HumanMessage(self.part("User", **values))]

    def part(self, heading: str, **values: str) -> str:
        """The text under a heading.

        Raises:
            TypeError: the values given are not exactly its variables.
        """
        template = Template(self.parts[heading])
        if values.keys() != set(template.get_identifiers()):
            wanted = sorted(template.get_identifiers())
            raise TypeError(f"{heading} of prompt {self.name} takes {wanted}, was given {sorted(values)}")
        return template.substitute(values)


@cache
def load_prompt(name: str) -> Prompt:
    """Read ``prompts/<name>.md``.

    Raises:
        ValueError: the file lacks a heading or a front-matter field, or its variables differ from those it names.
    """
    import frontmatter

    text = resources.files("prompts").joinpath(f"{name}.md").read_text(encoding="utf-8")
    document = frontmatter.loads(text)
    metadata: dict[str, Any] = document.metadata
    unknown = metadata.keys() ^ {"variables", "reply"}
    if unknown:
        raise ValueError(f"prompts/{name}.md: front matter must name variables and reply, see {sorted(unknown)}")
    before, *found = HEADING.split(document.content.strip() + "\n")
    parts = dict(zip(found[::2], map(str.strip, found[1::2]), strict=True))
    if before or tuple(parts)[:2] != FIRST:
        raise ValueError(f"prompts/{name}.md: needs the headings '# System' and '# User', in this order")
    variables = {str(variable) for variable in metadata["variables"]}
    used = {name for part in parts.values() for name in Template(part).get_identifiers()}
    if used != variables or Template(parts["System"]).get_identifiers():
        raise ValueError(
            f"prompts/{name}.md: names {sorted(variables)} and uses {sorted(used)}, none of them in System"
        )
    return Prompt(name, metadata["reply"], parts, hashlib.sha256(text.encode()).hexdigest())
