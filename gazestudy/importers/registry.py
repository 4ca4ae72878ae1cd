"""The importers that exist, and how the right one is found for a path."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from gazestudy.errors import AmbiguousFormatError, InputError, ParameterError, UnknownFormatError
from gazestudy.importers.sources import Source, source_at, sources
from gazestudy.model import Recording
from gazestudy.model.wording import in_short

if TYPE_CHECKING:
    from gazestudy.importers.recordings.tables.mapping import ColumnMapping


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What a user may say about how a recording is to be read.

    Attributes
    ----------
    columns : Path, ColumnMapping or None
        Column mapping (or its JSON file) of a plain table.
    selection : str
        Which recording of a file that holds several; set from `Candidate.selection`.
    gaze_source : str
        Which of several gaze streams (such as a later mapping) is taken; empty: the recorded one.
    min_confidence : float or None
        Samples with less confidence are not valid; None: the vendor's advice.
    video : Path or None
        Scene video that lies elsewhere, for exports that come without it.
    camera : Path or None
        JSON file with the calibration of the scene camera, for devices that give none.
    """

    columns: ColumnMapping | Path | None = None
    selection: str = ""
    gaze_source: str = ""
    min_confidence: float | None = None
    video: Path | None = None
    camera: Path | None = None

    @property
    def mapping(self) -> ColumnMapping | None:
        """The column mapping, read from its file if need be."""
        if isinstance(self.columns, Path):
            from gazestudy.importers.recordings.tables.mapping import load_columns  # pydantic is slow

            return load_columns(self.columns)
        return self.columns


@dataclass(frozen=True, slots=True)
class Match:
    """An importer knows a place.

    Attributes
    ----------
    name : str
        Name of the recording.
    device : str
        Eye tracker, as far as known without reading everything.
    reason : str
        By what it was recognised.
    selection : str
        Which recording this is, where one file holds several.
    covers : tuple of str or None
        Folders below this one that belong to the recording and are not searched for others; None: all.
    """

    name: str
    device: str
    reason: str
    selection: str = ""
    covers: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """An importer does not know a place, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A recording that was found and can be read.

    Attributes
    ----------
    importer : str
        Name of the importer that knows it.
    name : str
        Name of the recording.
    path : Path
        What the user pointed at.
    inner : str
        The folder below it that holds the recording, "" for itself.
    device : str
        Eye tracker.
    reason : str
        By what it was recognised.
    selection : str
        Which recording this is, where one file holds several.
    """

    importer: str
    name: str
    path: Path
    inner: str
    device: str
    reason: str
    selection: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A folder or file that was looked at, and what each importer said of it.

    Attributes
    ----------
    path : Path
        What the user pointed at.
    inner : str
        The folder below it that was looked at, "" for itself.
    candidates : tuple of Candidate
        Recordings that were found here.
    refusals : dict of str to str
        Importer name to the reason why it said no.
    error : InputError or None
        Why nothing could be found here, where files are damaged.
    covered : tuple of str
        Folders (as `inner`) that belong to the recordings found here, with all below them.
    """

    path: Path
    inner: str
    candidates: tuple[Candidate, ...]
    refusals: dict[str, str]
    error: InputError | None = None
    covered: tuple[str, ...] = ()

    @property
    def importers(self) -> list[str]:
        """Names of the importers that know this place; more than one is an ambiguity."""
        return list(dict.fromkeys(one.importer for one in self.candidates))


@dataclass(frozen=True, slots=True)
class ImporterInfo:
    """One importer.

    Attributes
    ----------
    name : str
        Short name for options and provenance.
    version : int
        Raised when the same files are read differently.
    device : str
        What it reads.
    documented_only : bool
        True if it was written from documentation and never saw a real recording.
    fallback : bool
        True if it is asked only where no other importer matches.
    """

    name: str
    version: int
    device: str
    documented_only: bool
    fallback: bool


class Importer(Protocol):
    """What a class under `recording_importer` offers."""

    def identify(self, source: Source, options: ReadOptions) -> Match | Sequence[Match] | Refusal:
        """Say quickly (under 50 ms) whether this place holds such recordings, looking into its files."""

    def read(self, source: Source, info: ImporterInfo, options: ReadOptions) -> Recording:
        """Return the recording with lazy streams."""


_IMPORTERS: dict[str, tuple[ImporterInfo, Importer]] = {}


_T = TypeVar("_T", bound=type)


def recording_importer(
    *, name: str, version: int, device: str, documented_only: bool = False, fallback: bool = False
) -> Callable[[_T], _T]:
    """Register a class as an importer.

    Parameters
    ----------
    name : str
        Short name for options and provenance.
    version : int
        Raise it when the same files are read differently.
    device : str
        What it reads.
    documented_only : bool, default False
        True if no real recording was at hand.
    fallback : bool, default False
        True if it is asked only where no other importer matches.

    Returns
    -------
    callable
        The decorator.
    """

    def register(importer: _T) -> _T:
        _IMPORTERS[name] = (ImporterInfo(name, version, device, documented_only, fallback), importer())
        return importer

    return register


def list_importers() -> list[ImporterInfo]:
    """Return the importers in the order in which they are asked.

    Examples
    --------
    >>> [info.name for info in list_importers()][-1]
    'table'
    """
    return sorted((info for info, _ in _IMPORTERS.values()), key=lambda info: info.fallback)


def find_recordings(
    path: Path | str,
    *,
    importer: str | None = None,
    options: ReadOptions | None = None,
    extract_to: Path | None = None,
) -> list[Candidate]:
    """Return every recording at or below a path.

    Parameters
    ----------
    path : Path or str
        A folder, a zip or one table. Folders below one that is a recording are not searched, unless only
        some of them belong to it.
    importer : str, optional
        Ask only this importer.
    options : ReadOptions, optional
        How to read; with a column mapping only the table importer is asked.
    extract_to : Path, optional
        Where videos of a zip are unpacked to.

    Returns
    -------
    list of Candidate
        At least one.

    Raises
    ------
    AmbiguousFormatError
        If several importers know one place.
    UnknownFormatError
        If there is none, with the reason of every importer.
    InputError
        If there is nothing to read, or the zip is unsafe.
    ParameterError
        If there is no such importer.
    """
    places = list(survey_places(path, importer=importer, options=options, extract_to=extract_to))
    refusals: dict[str, dict[str, None]] = {}
    for place in places:
        if len(place.importers) > 1:
            where = place.path / place.inner
            raise AmbiguousFormatError(where, place.importers, "Choose an importer (--importer NAME)")
        if place.error is not None:
            raise place.error
        for name, reason in place.refusals.items():
            refusals.setdefault(name, {})[reason] = None
    candidates = [one for place in places for one in place.candidates]
    if not candidates:
        said = {name: in_short(reasons, 3, between=" | ") for name, reasons in refusals.items()}
        raise UnknownFormatError(path, said)
    return candidates


def survey_places(
    path: Path | str,
    *,
    importer: str | None = None,
    options: ReadOptions | None = None,
    extract_to: Path | None = None,
) -> Iterator[Place]:
    """Yield what lies at and below a path: recordings, and places that hold files nobody knows.

    Parameters
    ----------
    path, importer, options, extract_to
        As in `find_recordings`.

    Yields
    ------
    Place
        Outer folders first. Folders without files and folders that belong to a recording are left out.

    Raises
    ------
    InputError
        If there is nothing to read, or the zip is unsafe.
    ParameterError
        If there is no such importer.
    """
    options = options or ReadOptions()
    options = replace(options, columns=options.mapping)
    asked = _asked("table" if options.columns is not None and importer is None else importer)
    taken: list[str] = []
    for source in sources(Path(path), extract_to):
        if any(source.inner == done or source.inner.startswith(f"{done}/") or not done for done in taken):
            continue
        place = _ask(source, asked, options)
        taken.extend(place.covered)
        if place.candidates or source.names():
            yield place


def read_recording(
    path: Path | str,
    *,
    importer: str | None = None,
    options: ReadOptions | None = None,
    name: str | None = None,
    extract_to: Path | None = None,
) -> Recording:
    """Return the recording at a path; its streams are read when they are first asked for.

    Parameters
    ----------
    path : Path or str
        A recording folder, a folder or zip of recordings, or one table.
    importer : str, optional
        Name of the importer, where several know the path.
    options : ReadOptions, optional
        How to read: column mapping, gaze source, least confidence, video or calibration from elsewhere.
    name : str, optional
        Which recording, where the path holds several: its name or its folder below `path`.
    extract_to : Path, optional
        Where the video of a zip is unpacked to; None: a temporary folder that lives as long as the recording.

    Returns
    -------
    Recording
        The recording. The source is never written to.

    Raises
    ------
    UnknownFormatError
        If no importer knows it, with the reason of each.
    AmbiguousFormatError
        If several recordings or several importers match.
    InputError
        If it cannot be read.
    """
    path = Path(path)
    candidates = find_recordings(path, importer=importer, options=options, extract_to=extract_to)
    if name is not None:
        named = [one for one in candidates if name in (one.name, one.inner, one.selection)]
        if not named:
            raise InputError(path, f"it holds no recording {name!r}", found=", ".join(_names(candidates)))
        candidates = named
    if len(candidates) > 1:
        raise AmbiguousFormatError(path, _names(candidates), "Choose one by its name (--name NAME)")
    return read_candidate(candidates[0], options=options, extract_to=extract_to)


def read_candidate(
    candidate: Candidate, *, options: ReadOptions | None = None, extract_to: Path | None = None
) -> Recording:
    """Return the recording of a candidate from `find_recordings`; arguments as in `read_recording`."""
    info, reader = _IMPORTERS[candidate.importer]
    source = source_at(candidate.path, candidate.inner, extract_to)
    return reader.read(source, info, replace(options or ReadOptions(), selection=candidate.selection))


def _asked(name: str | None) -> list[tuple[ImporterInfo, Importer]]:
    if name is not None and name not in _IMPORTERS:
        raise ParameterError("importer", name, "one of " + ", ".join(info.name for info in list_importers()))
    return [_IMPORTERS[info.name] for info in list_importers() if name in (None, info.name)]


def _ask(source: Source, asked: Iterable[tuple[ImporterInfo, Importer]], options: ReadOptions) -> Place:
    found: list[Candidate] = []
    covered: list[str] = []
    refused: dict[str, str] = {}
    error: InputError | None = None
    for info, importer in asked:
        if info.fallback and (found or error is not None):
            continue
        try:
            answer = importer.identify(source, options)
        except InputError as damage:
            refused[info.name], error = str(damage), error or damage
            continue
        if isinstance(answer, Refusal):
            refused[info.name] = answer.reason
            continue
        for one in [answer] if isinstance(answer, Match) else answer:
            where = (source.path, source.inner)
            found.append(Candidate(info.name, one.name, *where, one.device, one.reason, one.selection))
            base = [source.inner] if source.inner else []
            covered += [source.inner] if one.covers is None else ["/".join([*base, it]) for it in one.covers]
    return Place(source.path, source.inner, tuple(found), refused, None if found else error, tuple(covered))


def _names(candidates: list[Candidate]) -> list[str]:
    """Return the names to choose by: the folder where two recordings share a name."""
    names = [one.name for one in candidates]
    return names if len(set(names)) == len(names) else [one.selection or one.inner for one in candidates]
