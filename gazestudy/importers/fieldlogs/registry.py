"""The readers of field logs that exist, and how the right one is found for a path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from gazestudy.errors import UnknownFormatError
from gazestudy.importers.fieldlogs.plan import FieldPlan
from gazestudy.importers.readers import Reader, ReaderCandidate, ReaderInfo, Readers, only_one
from gazestudy.model.fieldwork import FieldLog

if TYPE_CHECKING:
    from gazestudy.importers.fieldlogs.columns import FieldColumns


@dataclass(frozen=True, slots=True)
class FieldOptions:
    """What a user may say about how a field log is to be read.

    Attributes
    ----------
    plan : FieldPlan
        What the protocol says about its items.
    columns : FieldColumns, Path or None
        Column mapping (or its JSON file) of a plain table.
    tz : str
        IANA time zone of times that do not say.
    prefix : str
        Put before every session id, where two files use the same ids for different sessions.
    """

    plan: FieldPlan = field(default_factory=FieldPlan)
    columns: FieldColumns | Path | None = None
    tz: str = ""
    prefix: str = ""

    @property
    def mapping(self) -> FieldColumns | None:
        """The column mapping, read from its file if need be."""
        if isinstance(self.columns, Path):
            from gazestudy.importers.fieldlogs.columns import load_field_columns

            return load_field_columns(self.columns)
        return self.columns


@dataclass(frozen=True, slots=True)
class FieldLogCandidate(ReaderCandidate):
    """A field log that was found and can be read; attributes as in `ReaderCandidate`."""

    def read(self, options: FieldOptions | None = None) -> FieldLog:
        """Return the log; raises InputError if it cannot be read at all."""
        log: FieldLog = self.reader.read(self.source, options or FieldOptions())
        return log.check(str(self.place))


class UnknownFieldLogError(UnknownFormatError):
    """No reader knows the field log; says why each said no."""

    problem_text = "no reader knows this field log"
    advice_text = "For a plain table, give a column mapping (--columns FILE)"


_READERS: Readers[FieldOptions, FieldLogCandidate] = Readers(
    FieldLogCandidate, UnknownFieldLogError, books=(".xlsx", ".xlsm", ".ods")
)

fieldlog_importer = _READERS.register
"""Register a class as a reader of field logs: name, version and title as in `ReaderInfo`."""


def list_fieldlog_importers() -> list[ReaderInfo]:
    """Return the readers by name.

    Examples
    --------
    >>> "boris" in [info.name for info in list_fieldlog_importers()]
    True
    """
    return _READERS.infos()


def readers_of_forms(names: Sequence[str]) -> list[tuple[str, Reader[FieldOptions, FieldLog]]]:
    """Return readers by name, for answers that lie in the same files as field logs."""
    return [(name, _READERS.reader(name)) for name in names]


def find_field_logs(
    path: Path | str, *, importer: str | None = None, options: FieldOptions | None = None
) -> list[FieldLogCandidate]:
    """Return the field logs at a path: a file, a zip, or a folder that is one log or holds several.

    Parameters
    ----------
    path : Path or str
        Where to look.
    importer : str, optional
        Ask only this reader.
    options : FieldOptions, optional
        How to read; with a column mapping only the reader of plain tables is asked.

    Returns
    -------
    list of FieldLogCandidate
        At least one.

    Raises
    ------
    AmbiguousFormatError
        If several readers know one place.
    UnknownFieldLogError
        If there is none, with the reason of every reader.
    InputError
        If there is nothing to read, or a zip is unsafe.
    ParameterError
        If there is no such reader.
    """
    options = options or FieldOptions()
    options = replace(options, columns=options.mapping)
    if options.columns is not None and importer is None:
        importer = "table"
    return _READERS.find(Path(path), options, importer)


def read_field_log(
    path: Path | str, *, importer: str | None = None, options: FieldOptions | None = None
) -> FieldLog:
    """Return the one field log at a path.

    Parameters
    ----------
    path, importer, options
        As in `find_field_logs`.

    Returns
    -------
    FieldLog
        Its tables; what is wrong with single entries is among its findings.

    Raises
    ------
    AmbiguousFormatError
        If there are several.
    InputError
        If it cannot be read.
    """
    return only_one(path, find_field_logs(path, importer=importer, options=options)).read(options)
