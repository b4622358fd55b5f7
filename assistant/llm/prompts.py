"""Reads prompts from files: Markdown with front matter that names their variables and their reply schema."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from string import Template
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

SYSTEM_HEADING, USER_HEADING = "# System\n", "# User\n"


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt of ``prompts/``.

    Attributes:
        variables: the names that the file promises to use; ``$name`` in the text.
        reply: JSON Schema of the reply; objects in it are closed and complete, as strict servers want.
        digest: SHA-256 of the file.
    """

    name: str
    variables: frozenset[str]
    reply: Mapping[str, Any]
    system: str
    user: str
    digest: str

    def messages(self, **values: str) -> "list[BaseMessage]":
        """The system and the user message.

        Raises:
            TypeError: the values given are not exactly the prompt's variables.
        """
        from langchain_core.messages import HumanMessage, SystemMessage

        if values.keys() != self.variables:
            raise TypeError(f"prompt {self.name} takes {sorted(self.variables)}, was given {sorted(values)}")
        return [
            SystemMessage(Template(self.system).substitute(values)),
            HumanMessage(Template(self.user).substitute(values)),
        ]


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
    before, system_heading, body = (document.content.strip() + "\n").partition(SYSTEM_HEADING)
    system, user_heading, user = body.partition(USER_HEADING)
    if before or not system_heading or not user_heading:
        raise ValueError(f"prompts/{name}.md: needs the headings '# System' and '# User', in this order")
    variables = frozenset(str(variable) for variable in metadata["variables"])
    used = {*Template(system).get_identifiers(), *Template(user).get_identifiers()}
    if used != variables:
        raise ValueError(f"prompts/{name}.md: names {sorted(variables)} and uses {sorted(used)}")
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Prompt(name, variables, metadata["reply"], system.strip(), user.strip(), digest)
