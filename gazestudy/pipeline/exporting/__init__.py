"""A study in the formats of other programs, by pseudonym.

`FORMATS` names them; `export_study` writes one. Recordings, tables, BIDS and REFI-QDA have a file each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gazestudy.errors import InputError, ParameterError
from gazestudy.pipeline.exporting.bids import write_bids
from gazestudy.pipeline.exporting.options import Exported, ExportOptions, Part
from gazestudy.pipeline.exporting.qda import write_qdc, write_qdpx
from gazestudy.pipeline.exporting.recordings import write_glassestools, write_pupil_cloud
from gazestudy.pipeline.exporting.tables import write_csv, write_xlsx
from gazestudy.progress import SILENT, Progress
from gazestudy.store import Study

__all__ = ["ALIASES", "FORMATS", "ExportOptions", "Exported", "Format", "Part", "export_study"]

Writer = Callable[[Study, Path, ExportOptions, Progress], tuple[list[Part], list[str]]]


@dataclass(frozen=True, slots=True)
class Format:
    """A format that a study can be exported to.

    Attributes
    ----------
    name, title : str
        Name on the command line; what it is.
    suffix : str
        Of the file; empty for a folder.
    write : callable
        Writes a study to a path; returns what is in it, and what is not.
    takes : tuple of str
        Which options it takes, of recordings, video, corrected and fixations.
    """

    name: str
    title: str
    suffix: str
    write: Writer
    takes: tuple[str, ...] = ()


_GAZE = ("recordings", "video", "corrected")

FORMATS: dict[str, Format] = {
    one.name: one
    for one in (
        Format(
            "csv", "tidy tables as CSV in a folder, with a data dictionary", "", write_csv, ("fixations",)
        ),
        Format("xlsx", "the same tables as one workbook", ".xlsx", write_xlsx, ("fixations",)),
        Format("bids", "recordings as a BIDS data set with eye tracking", "", write_bids, _GAZE),
        Format("qdc", "the code book, REFI-QDA", ".qdc", write_qdc),
        Format(
            "qdpx",
            "code book, texts, codings, videos and participants, REFI-QDA",
            ".qdpx",
            write_qdpx,
            ("recordings", "video"),
        ),
        Format("cloud", "recordings as tables like Pupil Cloud's time series", "", write_pupil_cloud, _GAZE),
        Format("glassestools", "recordings for glassesTools and gazeMapper", "", write_glassestools, _GAZE),
    )
}
"""The formats by name."""

ALIASES = {"pupil-cloud": "cloud"}
"""Other names of formats."""


def export_study(
    study: Study,
    to: str,
    out: Path,
    *,
    options: ExportOptions | None = None,
    progress: Progress = SILENT,
) -> Exported:
    """Write a study in one of the `FORMATS`.

    Parameters
    ----------
    study : Study
        The study.
    to : str
        Name of the format.
    out : Path
        The file or folder to make. A file without a suffix gets that of the format.
    options : ExportOptions, optional
        What goes along; by default nothing that tells who somebody is.
    progress : Progress, optional
        Who is told, and who may ask to stop.

    Returns
    -------
    Exported
        What is in it, and what is not.

    Raises
    ------
    ParameterError
        If there is no such format, or it does not take an option.
    StudyError
        If there is no such recording, or nothing to export.
    InputError
        If something is there already, or it cannot be written.
    """
    name = ALIASES.get(to, to)
    if name not in FORMATS:
        raise ParameterError("format", to, "one of " + ", ".join(FORMATS))
    chosen, options = FORMATS[name], options or ExportOptions()
    for option in options.given():
        if option not in chosen.takes:
            able = ", ".join(one.name for one in FORMATS.values() if option in one.takes)
            raise ParameterError(option, name, f"a format that takes this option: {able}")
    if chosen.suffix:
        out = out.with_name(out.name + chosen.suffix) if not out.suffix else out
        if out.exists():
            raise InputError(out, "something is there already", advice="Choose another file (--out)")
    try:
        parts, lost = chosen.write(study, out, options, progress)
    except OSError as error:
        raise InputError(out, f"cannot be written: {error.strerror or error}") from error
    return Exported(name, out, tuple(parts), tuple(lost))
