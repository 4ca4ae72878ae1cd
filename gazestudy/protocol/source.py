"""YAML text -> plain data that knows on which line everything stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from gazestudy.errors import InputError

Place = tuple[str | int, ...]
"""Where something is in a document: names and positions from the top."""

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The parser in C where it was built, ten times as fast."""

_MOST_NODES = 200_000
_PLAIN_TAGS = {"null", "bool", "int", "float", "str"}


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong in a document.

    Attributes
    ----------
    line, column : int
        Where it stands, from 1; 0 where the document has no lines.
    place : str
        Where it is in the structure, such as `blocks[1].items[0].label`.
    text : str
        What is wrong and what to do, in plain words.
    """

    line: int
    column: int
    place: str
    text: str

    def __str__(self) -> str:
        at = f"line {self.line}" if self.line else "document"
        return f"{at}: {self.place}: {self.text}" if self.place else f"{at}: {self.text}"


class ProtocolError(InputError):
    """A protocol document has mistakes; all of them are in `mistakes`, in the order of their lines.

    Parameters
    ----------
    path : Path or str
        The document.
    mistakes : list of Mistake
        At least one.
    """

    def __init__(self, path: Path | str, mistakes: list[Mistake]) -> None:
        self.mistakes = tuple(sorted(mistakes, key=lambda item: (item.line, item.column)))
        count = len(mistakes)
        told = "; ".join(str(item) for item in self.mistakes)
        super().__init__(path, f"{count} {'mistake' if count == 1 else 'mistakes'}: {told}")


@dataclass(slots=True)
class Source:
    """A document as it was written.

    Attributes
    ----------
    path : Path
        Where it came from.
    data : object
        Mappings, lists and scalars.
    marks : dict of place to (line, column)
        Where each thing stands, from 1.
    mistakes : list of Mistake
        What is wrong with the YAML itself.
    """

    path: Path
    data: Any = None
    marks: dict[Place, tuple[int, int]] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)
    bare_words: dict[Place, str] = field(default_factory=dict)

    def mark(self, place: Place) -> tuple[int, int]:
        """Return line and column of a place, or of the nearest thing around it that is there."""
        for length in range(len(place), -1, -1):
            if place[:length] in self.marks:
                return self.marks[place[:length]]
        return (0, 0)

    def tell(self, place: Place, text: str) -> None:
        """Note a mistake at a place."""
        self.mistakes.append(Mistake(*self.mark(place), describe(place), text))


def describe(place: Place) -> str:
    """Return a place in words: `blocks[1].items[0].label`."""
    words = ""
    for part in place:
        words += f"[{part}]" if isinstance(part, int) else f".{part}" if words else str(part)
    return words


def read_source(path: Path) -> Source:
    """Read a YAML or JSON document.

    Raises
    ------
    InputError
        If the file cannot be read, or is not text.
    ProtocolError
        If it is not YAML.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(path, f"cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise InputError(path, "is not UTF-8 text", advice="Save it as UTF-8") from error
    return parse_source(text, path)


def parse_source(text: str, path: Path | str = "document") -> Source:
    """Turn YAML (or JSON, which is YAML) into data with line numbers.

    Raises
    ------
    ProtocolError
        If the text is not YAML: nothing after that place can be read.
    """
    source = Source(Path(path))
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            raise ProtocolError(path, [Mistake(1, 1, "", "the document is empty")])
        source.data = _Reader(source, loader).value(node, ())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        words = " ".join(part for part in (error.context, error.problem) if part)
        advice = "indent with blanks, not tabs, and quote texts that hold ': ' or '#'"
        raise ProtocolError(path, [Mistake(line, column, "", f"not YAML: {words}; {advice}")]) from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ProtocolError(path, [Mistake(0, 0, "", f"not YAML: {error}")]) from error
    finally:
        loader.dispose()
    return source


class _Reader:
    """Walks the nodes of one document."""

    def __init__(self, source: Source, loader: Any) -> None:
        self.source, self.loader, self.nodes = source, loader, 0

    def value(self, node: yaml.Node, place: Place) -> Any:
        self.nodes += 1
        if self.nodes > _MOST_NODES:
            raise ValueError("aliases make the document far larger than it looks")
        self.source.marks.setdefault(place, (node.start_mark.line + 1, node.start_mark.column + 1))
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(child, (*place, index)) for index, child in enumerate(node.value)]
        return self.scalar(node, place)

    def mapping(self, node: yaml.MappingNode, place: Place) -> dict[Any, Any]:
        data: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = self.scalar(key_node, (*place, "(key)"))
            self.source.marks[(*place, key)] = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            if not isinstance(key, str):
                self.source.tell((*place, key), f"{key_node.value} is read as {key!r}: put it in quotes")
                key = str(key_node.value)
            if key in data:
                self.source.tell((*place, key), f"{key!r} is written twice; only one can count")
                continue
            data[key] = self.value(value_node, (*place, key))
        return data

    def scalar(self, node: yaml.Node, place: Place) -> Any:
        if not isinstance(node, yaml.ScalarNode):
            return str(node.value)
        kind = node.tag.rpartition(":")[2]
        if kind not in _PLAIN_TAGS:
            return str(node.value)
        value = self.loader.construct_object(node)
        if not isinstance(value, str) and not node.style:
            self.source.bare_words[place] = str(node.value)
        return value
