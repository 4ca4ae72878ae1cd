"""The exceptions of gazestudy.

Every error that a user can cause derives from `GazestudyError`, so that a caller can tell "your file is
broken" from a bug in this program::

    GazestudyError
    ├── InputError              a file or folder from outside cannot be used
    │   ├── UnknownFormatError      no importer knows it; says why each said no
    │   └── AmbiguousFormatError    several importers know it; names them
    ├── TableError              a table breaks its contract; lists every breach
    ├── ParameterError          a parameter has a value that makes no sense
    ├── StudyError              a study cannot be opened or changed
    │   ├── StudyNotFoundError
    │   ├── StudyExistsError
    │   ├── StudyVersionError       written by a newer program
    │   ├── StudyLockedError        somebody else has it open
    │   └── StudyDamagedError
    └── Cancelled               the user asked to stop
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path


class GazestudyError(Exception):
    """Base of all errors a user can cause and can do something about."""


class InputError(GazestudyError):
    """A file or folder from outside cannot be used.

    Parameters
    ----------
    path : Path or str
        The file or folder.
    problem : str
        What is wrong, in plain words.
    place : str, optional
        Where inside the file: a line, a column, a key.
    expected, found : str, optional
        What was expected there and what was found.
    advice : str, optional
        What the user can do.

    Examples
    --------
    >>> str(InputError("gaze.csv", "a column is missing", place="header", expected="'timestamp [ns]'",
    ...                found="'time'", advice="export again"))
    "gaze.csv: a column is missing (at header; expected 'timestamp [ns]', found 'time'). export again"
    """

    def __init__(
        self,
        path: Path | str,
        problem: str,
        *,
        place: str = "",
        expected: str = "",
        found: str = "",
        advice: str = "",
    ) -> None:
        self.path = Path(path)
        self.problem, self.place, self.expected, self.found, self.advice = (
            problem,
            place,
            expected,
            found,
            advice,
        )
        details = "; ".join(
            part
            for part in (
                f"at {place}" if place else "",
                ", ".join(
                    piece
                    for piece in (
                        f"expected {expected}" if expected else "",
                        f"found {found}" if found else "",
                    )
                    if piece
                ),
            )
            if part
        )
        text = f"{path}: {problem}" + (f" ({details})" if details else "")
        super().__init__(text + (f". {advice}" if advice else ""))


class UnknownFormatError(InputError):
    """No importer knows the file or folder.

    Parameters
    ----------
    path : Path or str
        What was offered.
    refusals : mapping of str to str
        Importer name to the reason why it said no.
    """

    problem_text = "no importer knows this recording"
    advice_text = "For a plain table with a video, give a column mapping (--columns FILE)"

    def __init__(self, path: Path | str, refusals: Mapping[str, str]) -> None:
        self.refusals = dict(refusals)
        tried = "; ".join(f"{name}: {reason}" for name, reason in self.refusals.items())
        super().__init__(
            path, self.problem_text, found=f"[{tried}]" if tried else "", advice=self.advice_text
        )


class AmbiguousFormatError(InputError):
    """Several importers, or several recordings, match one path.

    Parameters
    ----------
    path : Path or str
        What was offered.
    candidates : sequence of str
        Names of what matched.
    advice : str
        How to choose.
    """

    def __init__(self, path: Path | str, candidates: Sequence[str], advice: str) -> None:
        self.candidates = tuple(candidates)
        super().__init__(path, "more than one match: " + ", ".join(candidates), advice=advice)


class TableError(GazestudyError):
    """A table breaks its contract.

    Parameters
    ----------
    table : str
        Name of the contract.
    breaches : sequence of str
        Every breach that was found.
    where : str, optional
        Where the table came from.
    """

    def __init__(self, table: str, breaches: Sequence[str], where: str = "") -> None:
        self.table, self.breaches, self.where = table, tuple(breaches), where
        origin = f"{where}: " if where else ""
        super().__init__(f"{origin}the {table} table is not usable: " + "; ".join(breaches))


class ParameterError(GazestudyError):
    """A parameter has a value that makes no sense.

    Parameters
    ----------
    name : str
        The parameter.
    value : object
        What was given.
    expected : str
        What is allowed.
    """

    def __init__(self, name: str, value: object, expected: str) -> None:
        self.name, self.value, self.expected = name, value, expected
        super().__init__(f"{name} = {value!r} cannot be used: expected {expected}")


class StudyError(GazestudyError):
    """A study cannot be opened or changed as asked."""


class StudyNotFoundError(StudyError):
    """There is no study in the folder."""


class StudyExistsError(StudyError):
    """There is something already where a new study should be made."""


class StudyVersionError(StudyError):
    """The study was written by a newer program."""


class StudyLockedError(StudyError):
    """Somebody else has the study open for writing."""


class StudyDamagedError(StudyError):
    """Something in the study is missing or does not match its record."""


class Cancelled(GazestudyError):
    """The user asked to stop; nothing half-written is left."""

    def __init__(self) -> None:
        super().__init__("stopped on request")
