"""The little Markdown a form's static text may hold: paragraphs, `- ` lists, `**strong**`; anything else is text."""

import re
from dataclasses import dataclass
from typing import Final, Literal

from markupsafe import Markup, escape

_STRONG: Final = re.compile(r"\*\*([^*\n]{1,500})\*\*")


@dataclass(frozen=True)
class Block:
    """A paragraph (one line) or a list (its entries); `lines` are escaped."""

    kind: Literal["p", "ul"]
    lines: tuple[Markup, ...]


def blocks(text: str) -> list[Block]:
    """The blocks of a static text, split at empty lines."""
    made: list[Block] = []
    for part in re.split(r"\n\s*\n", text.replace("\r\n", "\n").strip()):
        lines = [line.strip() for line in part.split("\n") if line.strip()]
        entries = [line[2:] for line in lines if line.startswith("- ")]
        if before := [line for line in lines if not line.startswith("- ")]:
            made.append(Block("p", (_line(" ".join(before)),)))
        if entries:
            made.append(Block("ul", tuple(_line(entry) for entry in entries)))
    return made


def _line(text: str) -> Markup:
    # Escaped first: what is marked as strong can no longer hold a tag.
    return Markup(_STRONG.sub(r"<strong>\1</strong>", str(escape(text))))
