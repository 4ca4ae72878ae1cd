"""Gaze that a vendor's program has already put onto a picture or surface; one file for each format."""

from __future__ import annotations

from pathlib import Path

from gazestudy.errors import AmbiguousFormatError, UnknownFormatError
from gazestudy.importers.mapped_gaze import pupil_enrichment
from gazestudy.importers.mapped_gaze.tables import VendorMapping, VendorTables
from gazestudy.importers.sources import Source, sources

__all__ = ["VendorMapping", "VendorTables", "read_mapped_gaze"]


def read_mapped_gaze(path: Path | str) -> VendorMapping:
    """Return what an export of mapped gaze says, for each recording in it.

    Parameters
    ----------
    path : Path or str
        Folder or zip of one enrichment of Pupil Cloud (Marker Mapper or Reference Image Mapper).

    Returns
    -------
    VendorMapping
        Times and positions as shares of the picture, by the vendor's recording id.

    Raises
    ------
    UnknownFormatError
        If there is no such export, with the reason.
    AmbiguousFormatError
        If there are several.
    InputError
        If it is damaged.
    """
    path = Path(path)
    found: list[Source] = []
    reasons: list[str] = []
    for source in sources(path):
        reason = pupil_enrichment.refusal(source)
        if reason is None:
            found.append(source)
        elif source.names():
            reasons.append(reason)
    if not found:
        raise UnknownFormatError(path, {"pupil-enrichment": " | ".join(dict.fromkeys(reasons[:3]))})
    if len(found) > 1:
        folders = [source.inner or source.label for source in found]
        raise AmbiguousFormatError(path, folders, "Give the folder of one enrichment")
    return pupil_enrichment.read(found[0])
