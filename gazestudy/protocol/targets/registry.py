"""The targets that a protocol can be exported to, and what an export needs to know."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from gazestudy.errors import InputError, ParameterError
from gazestudy.protocol.blocks import FormBlock
from gazestudy.protocol.document import Protocol
from gazestudy.protocol.items import Choice

PAPERS = ("A4", "Letter")


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What an export can be told.

    Attributes
    ----------
    language : str
        Language of targets that hold one; those that hold several take all of the document.
    paper : {"A4", "Letter"}
        Paper size of printed sheets.
    sessions : tuple of str
        Session ids: one set of sheets each. Empty: the target makes one, or asks for it.
    placements : tuple of Choice
        Placements in view; empty: rows are left open for them.
    length_s : int
        Planned length of a session.
    prefill : mapping of item to answer
        Answers that are known beforehand, such as `station_id`.
    """

    language: str
    paper: Literal["A4", "Letter"] = "A4"
    sessions: tuple[str, ...] = ()
    placements: tuple[Choice, ...] = ()
    length_s: int = 3600
    prefill: Mapping[str, str] = field(default_factory=dict)

    def slices(self, every_s: int) -> int:
        """Return how many intervals of `every_s` seconds a session has; the last may be shorter."""
        return -(-self.length_s // every_s)


@dataclass(frozen=True, slots=True)
class Target:
    """Something a protocol can become.

    Attributes
    ----------
    name, title : str
        Name on the command line; what it is.
    suffix : str
        Of the file; empty for a folder.
    write : callable
        Writes a protocol to a path and returns what the target cannot hold, in words.
    """

    name: str
    title: str
    suffix: str
    write: Callable[[Protocol, Path, ExportOptions], list[str]]


@dataclass(frozen=True, slots=True)
class Exported:
    """What came out of an export.

    Attributes
    ----------
    path : Path
        The file or folder.
    dropped : tuple of str
        What of the protocol the target cannot hold.
    """

    path: Path
    dropped: tuple[str, ...]


TARGETS: dict[str, Target] = {}
"""Targets by name."""


def protocol_target(
    name: str, title: str, suffix: str
) -> Callable[
    [Callable[[Protocol, Path, ExportOptions], list[str]]],
    Callable[[Protocol, Path, ExportOptions], list[str]],
]:
    """Return a decorator that registers a writer as a target.

    Parameters
    ----------
    name, title, suffix : str
        As in `Target`.
    """

    def register(
        write: Callable[[Protocol, Path, ExportOptions], list[str]],
    ) -> Callable[[Protocol, Path, ExportOptions], list[str]]:
        TARGETS[name] = Target(name, title, suffix, write)
        return write

    return register


def target_path(target: str, out: Path) -> Path:
    """Return where a target is written: `out`, with the ending of the target where it has none.

    Parameters
    ----------
    target : str
        One of `TARGETS`.
    out : Path
        As a user gave it.

    Raises
    ------
    ParameterError
        If there is no such target, or `out` has the ending of another one: its programs could not open it.
    """
    if target not in TARGETS:
        raise ParameterError("target", target, "one of " + ", ".join(sorted(TARGETS)))
    suffix, given = TARGETS[target].suffix, out.suffix.lower()
    if not suffix or given == suffix:
        return out
    if given and given in {one.suffix for one in TARGETS.values()}:
        others = " or ".join(name for name, one in sorted(TARGETS.items()) if one.suffix == given)
        wanted = f"a name that ends in {suffix}, or another target (--to {others})"
        raise ParameterError("--out", out.name, wanted)
    return out.with_name(out.name + suffix)


def export_protocol(
    protocol: Protocol,
    target: str,
    out: Path,
    *,
    language: str | None = None,
    paper: str = "A4",
    sessions: tuple[str, ...] = (),
    placements: tuple[str, ...] = (),
    length_s: int | None = None,
    prefill: Mapping[str, str] | None = None,
    overwrite: bool = False,
) -> Exported:
    """Write a protocol for a target, whole or not at all.

    Parameters
    ----------
    protocol : Protocol
        The document.
    target : str
        One of `TARGETS`.
    out : Path
        File, or folder for targets without a suffix; a file gets the ending of its target where it has none.
    language : str, optional
        One of the document's; its default language if None.
    paper : str, default "A4"
        A4 or Letter.
    sessions : tuple of str, optional
        Session ids, such as those of a sampling plan.
    placements : tuple of str, optional
        Ids of the placements in view; those of the document if empty.
    length_s : int, optional
        Planned length; that of the document, else one hour.
    prefill : mapping, optional
        Answers of form items that are known.
    overwrite : bool, default False
        Replace what is at `out`. It may be a sheet that somebody filled in.

    Returns
    -------
    Exported
        Where it is, and what the target cannot hold.

    Raises
    ------
    ParameterError
        If a parameter is not possible for this document.
    InputError
        If something is at `out` already, or it cannot be written.
    """
    out = target_path(target, out)
    options = _options(protocol, language, paper, sessions, placements, length_s, prefill or {})
    chosen = TARGETS[target]
    if out.exists() and not overwrite:
        raise InputError(
            out, "is there already", advice="It may hold entries: choose another --out, or give --overwrite"
        )
    partial = out.with_name(f".{out.name}.partial")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        _remove(partial)
        dropped = chosen.write(protocol, partial, options)
        _remove(out)
        partial.replace(out)
    except OSError as error:
        raise InputError(out, f"cannot be written: {error.strerror or error}") from error
    finally:
        _remove(partial)
    return Exported(out, tuple(dropped))


def _options(
    protocol: Protocol,
    language: str | None,
    paper: str,
    sessions: tuple[str, ...],
    placements: tuple[str, ...],
    length_s: int | None,
    prefill: Mapping[str, str],
) -> ExportOptions:
    language = language or protocol.default_language
    if language not in protocol.languages:
        raise ParameterError("language", language, "one of " + ", ".join(protocol.languages))
    if paper not in PAPERS:
        raise ParameterError("paper", paper, "A4 or Letter")
    if length_s is not None and not 60 <= length_s <= 86400:
        raise ParameterError("length_s", length_s, "60 to 86400 seconds")
    for name, ids in (("session", sessions), ("placement", placements)):
        if len(set(ids)) < len(ids) or any(not one.strip() for one in ids):
            raise ParameterError(name, ", ".join(ids), "ids that are all different and not empty")
    forms = [block for block in protocol.blocks if isinstance(block, FormBlock) and not block.answers]
    known = {item.id for block in forms for item in block.items}
    for item in prefill:
        if item not in known:
            raise ParameterError(
                "--set", item, "an item of a form of the protocol: " + ", ".join(sorted(known))
            )
    held = {choice.code: choice for choice in protocol.placements}
    return ExportOptions(
        language=language,
        paper="Letter" if paper == "Letter" else "A4",
        sessions=sessions,
        placements=tuple(
            held.get(one) or Choice(code=_code(one), label={protocol.default_language: one})
            for one in placements or held
        ),
        length_s=length_s or protocol.length_s or 3600,
        prefill=dict(prefill),
    )


def _code(placement: str) -> str:
    """Return a placement id if forms can carry it."""
    import re

    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,39}", placement) is None:
        raise ParameterError("placement", placement, "letters, digits, '.', '-' and '_', without blanks")
    return placement


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
