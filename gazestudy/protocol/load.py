"""Reading protocol documents and the templates that are shipped."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gazestudy import resources
from gazestudy.errors import InputError
from gazestudy.protocol.blocks import IntervalBlock
from gazestudy.protocol.check import find_mistakes
from gazestudy.protocol.document import Protocol
from gazestudy.protocol.source import ProtocolError, parse_source, read_source


@dataclass(frozen=True, slots=True)
class Template:
    """A shipped protocol document.

    Attributes
    ----------
    name : str
        Its id.
    path : Path
        Its file.
    protocol : Protocol
        What is in it.
    """

    name: str
    path: Path
    protocol: Protocol


def load_protocol(path: Path | str) -> Protocol:
    """Read and check a protocol document.

    Parameters
    ----------
    path : Path or str
        A YAML or JSON file, or the name of a shipped template.

    Returns
    -------
    Protocol
        The document.

    Raises
    ------
    ProtocolError
        With all mistakes, each with its line.
    InputError
        If the file cannot be read.

    Examples
    --------
    >>> load_protocol("station_point_observation").id
    'station_point_observation'
    """
    file = find_document(path)
    source = read_source(file)
    protocol = find_mistakes(source)
    if source.mistakes or protocol is None:
        raise ProtocolError(file, source.mistakes)
    return protocol


def parse_protocol(text: str) -> Protocol:
    """Read and check a document that is in memory; raises as `load_protocol` does."""
    source = parse_source(text)
    protocol = find_mistakes(source)
    if source.mistakes or protocol is None:
        raise ProtocolError(source.path, source.mistakes)
    return protocol


def find_document(path: Path | str) -> Path:
    """Return the file of a document: a path, or the name of a shipped template.

    Raises
    ------
    InputError
        If there is neither.
    """
    given = Path(path)
    if given.exists():
        return given
    names = {file.stem: file for file in _template_files()}
    if str(path) in names:
        return names[str(path)]
    raise InputError(
        given,
        "there is no such file, and no shipped protocol of that name",
        expected=f"a YAML file or one of {', '.join(names)}",
    )


def list_templates() -> list[Template]:
    """Return the shipped protocol documents, by name.

    Examples
    --------
    >>> "station_point_observation" in [template.name for template in list_templates()]
    True
    """
    return [Template(file.stem, file, load_protocol(file)) for file in _template_files()]


def find_warnings(protocol: Protocol) -> list[str]:
    """Return what is allowed in a document but likely to give figures that mislead.

    Notes
    -----
    Yes/no in an interval is one-zero sampling: its expected value is 1 - (1 - p) exp(-T / mean gap), far
    above the share of time p for short behaviour in long intervals.
    """
    warnings = []
    for block in protocol.item_blocks():
        if isinstance(block, IntervalBlock):
            names = [item.id for item in block.items if item.type == "bool"]
            if names:
                warnings.append(
                    f"block {block.id}: yes/no in an interval ({', '.join(names)}) is one-zero sampling,"
                    " which overstates short behaviour; count events, or take the state in a scan"
                )
    return warnings


def _template_files() -> list[Path]:
    return sorted(resources.find("protocols").glob("*.yaml"))
