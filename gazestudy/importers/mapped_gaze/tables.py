"""What every reader of mapped gaze returns."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from gazestudy.model import Finding
from gazestudy.model.recording import SourceFile


@dataclass(frozen=True, slots=True, eq=False)
class VendorTables:
    """Mapped gaze of one recording.

    Attributes
    ----------
    gaze : DataFrame
        `t_ns` (int64, ascending, on the vendor's clock), `x_share` and `y_share` (shares of width and height
        of the vendor's picture or surface, from its top left corner; NaN where it was not located),
        `detected` (bool: the vendor says that it lies inside), `fixation_id` and `blink_id` (-1 for none).
    positions : DataFrame
        Where the surface was in the scene image: `t_ns` and `tl_x_px` ... `bl_y_px` (NaN where it was not
        located); without rows where the vendor does not say.
    fixations : DataFrame
        The vendor's fixations: `fixation_id`, `start_ns`, `end_ns`, `x_share`, `y_share`, `detected`.
    sections : DataFrame
        `start_ns`, `end_ns` of the stretches that were mapped; without rows where not known.
    """

    gaze: pd.DataFrame
    positions: pd.DataFrame
    fixations: pd.DataFrame
    sections: pd.DataFrame


@dataclass(frozen=True, slots=True, eq=False)
class VendorMapping:
    """Mapped gaze as a vendor's program exports it.

    Attributes
    ----------
    method : str
        Name of the program and method, such as "pupil-cloud.marker-mapper".
    clock : str
        What times count from: "unix_utc".
    size_px : tuple of (int, int) or None
        Width and height of the vendor's picture; None for a surface without one.
    recordings : dict of str to VendorTables
        By the vendor's recording id.
    files : tuple of SourceFile
        What was read, with hashes.
    facts : dict
        What the export says about itself.
    findings : tuple of Finding
        What was checked, skipped and found wrong.
    """

    method: str
    clock: str
    size_px: tuple[int, int] | None
    recordings: dict[str, VendorTables]
    files: tuple[SourceFile, ...]
    facts: dict[str, str]
    findings: tuple[Finding, ...]
