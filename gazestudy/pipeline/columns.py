"""Column mappings of plain tables: proposed, saved as presets, and tried on a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gazestudy.errors import InputError, ParameterError
from gazestudy.importers import (
    ColumnMapping,
    Proposal,
    ReadOptions,
    load_columns,
    propose_columns,
    read_recording,
    save_columns,
)
from gazestudy.importers.recordings.tables.mapping import ANY_VIDEO
from gazestudy.importers.sources import FolderSource
from gazestudy.importers.text_tables import sniff_header
from gazestudy.model import Finding, Recording

_PLAUSIBLE_HZ = (5.0, 2500.0)
_LEAST_VALID = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Preview:
    """A table as a column mapping reads it.

    Attributes
    ----------
    samples : int
        Gaze samples.
    rate_hz : float
        By the median step; NaN for fewer than two samples.
    duration_s : float
        From the first sample to the last.
    reasons : dict of str to int
        How many samples are valid ("ok"), and why others are not.
    frames : int
        Scene frames.
    rows : DataFrame
        The first samples: `t_s` since the first one, `x_px`, `y_px`, `valid`, `reason`.
    findings : tuple of Finding
        What the import would report, and what makes the mapping doubtful.
    """

    samples: int
    rate_hz: float
    duration_s: float
    reasons: dict[str, int]
    frames: int
    rows: pd.DataFrame
    findings: tuple[Finding, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        rows = self.rows.astype(object).where(self.rows.notna(), None)
        return {
            "samples": self.samples,
            "rate_hz": None if np.isnan(self.rate_hz) else round(self.rate_hz, 3),
            "duration_s": self.duration_s,
            "reasons": self.reasons,
            "frames": self.frames,
            "rows": rows.to_dict(orient="records"),
            "findings": [finding.to_dict() for finding in self.findings],
        }


def propose(path: Path, answers: Mapping[str, Any] | None = None, *, out: Path | None = None) -> Proposal:
    """Propose a column mapping for a table, and save it as a preset once no question is open.

    Parameters
    ----------
    path : Path
        A table, or a folder with one.
    answers : mapping, optional
        Fields of the mapping that are known.
    out : Path, optional
        Where to save it. A table and a video that were no matter of choice are not named in it, so that it
        fits other tables of the same kind.

    Returns
    -------
    Proposal
        The mapping, reasons and questions.

    Raises
    ------
    InputError
        If there is no table; with `out` also if a question is open.
    ParameterError
        If an answer makes no sense.
    """
    proposal = propose_columns(path, answers)
    if out is not None:
        if proposal.mapping is None or proposal.questions:
            asked = "; ".join(f"{choice.field}: {choice.reason}" for choice in proposal.questions)
            raise InputError(
                path,
                "questions are open, nothing was saved",
                found=asked,
                advice="Answer them (--set FIELD=VALUE)",
            )
        save_preset(as_preset(proposal), out)
    return proposal


def save_preset(preset: ColumnMapping, out: Path) -> None:
    """Save a column mapping.

    Parameters
    ----------
    preset : ColumnMapping
        From `as_preset`.
    out : Path
        The JSON file.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    try:
        save_columns(preset, out)
    except OSError as error:
        raise InputError(out, f"the preset cannot be saved: {error.strerror}") from error


def column_names(path: Path, table: str = "") -> list[str]:
    """Return the columns of a table by its header.

    Parameters
    ----------
    path : Path
        The table, or a folder with it.
    table : str, optional
        Its name in the folder.

    Returns
    -------
    list of str
        Empty if it is no table.
    """
    source = FolderSource(path) if path.is_dir() else FolderSource(path, only=path.name)
    header = sniff_header(source, table if path.is_dir() else path.name)
    return [] if header is None else header[0]


def as_preset(proposal: Proposal) -> ColumnMapping:
    """Return the mapping of a proposal for other tables of the same kind.

    Parameters
    ----------
    proposal : Proposal
        With a mapping.

    Returns
    -------
    ColumnMapping
        Without the names of a table and a video that were the only ones.

    Raises
    ------
    ParameterError
        If the proposal has no mapping.
    """
    if proposal.mapping is None:
        raise ParameterError("proposal", "without a mapping", "one whose questions are answered")
    only = {
        choice.field for choice in proposal.choices if not choice.alternatives and choice.reason != "as told"
    }
    changes: dict[str, Any] = {}
    if "table" in only:
        changes["table"] = None
    if "video" in only:
        changes["video"] = ANY_VIDEO
    return proposal.mapping.model_copy(update=changes)


def preview(preset: Path | ColumnMapping, path: Path, *, rows: int = 10) -> Preview:
    """Read a table with a preset and show what comes out; nothing is stored.

    Parameters
    ----------
    preset : Path or ColumnMapping
        The column mapping or its file.
    path : Path
        A table, or a folder with one.
    rows : int, default 10
        How many samples to show.

    Returns
    -------
    Preview
        The first samples and the counts.

    Raises
    ------
    InputError
        If the table cannot be read with this preset.
    """
    mapping = load_columns(preset) if isinstance(preset, Path) else preset
    recording = read_recording(path, options=ReadOptions(columns=mapping))
    gaze = recording.gaze
    t_ns = gaze["t_ns"].to_numpy(np.int64)
    steps = np.diff(t_ns)
    usual = float(np.median(steps)) if len(steps) else 0.0
    head = gaze.head(rows)
    shown = pd.DataFrame(
        {
            "t_s": (head["t_ns"] - (t_ns[0] if len(t_ns) else 0)) / 1e9,
            "x_px": head["x_px"],
            "y_px": head["y_px"],
            "valid": head["valid"],
            "reason": head["reason"].astype(str),
        }
    )
    counts = gaze["reason"].astype(str).value_counts()
    reasons = {str(name): int(count) for name, count in counts.items()}
    rate_hz = 1e9 / usual if usual > 0 else float("nan")
    return Preview(
        len(gaze),
        rate_hz,
        float(t_ns[-1] - t_ns[0]) / 1e9 if len(t_ns) else 0.0,
        reasons,
        len(recording.frames),
        shown,
        (*_doubts(recording, rate_hz), *recording.findings()),
    )


def _doubts(recording: Recording, rate_hz: float) -> list[Finding]:
    """Say what makes it likely that the mapping is wrong."""
    found = []
    gaze = recording.gaze
    if len(gaze) == 0:
        return []
    if not _PLAUSIBLE_HZ[0] <= rate_hz <= _PLAUSIBLE_HZ[1]:
        text = f"{rate_hz:.3g} samples a second: is the unit of time right?"
        found.append(Finding("warning", "gaze", "odd_rate", text))
    share = float(gaze["valid"].mean())
    if share < _LEAST_VALID:
        text = f"only {share:.0%} of the samples are valid: are the unit of position and the rule right?"
        found.append(Finding("warning", "gaze", "few_valid", text, int((~gaze["valid"]).sum())))
    finite = gaze[["x_px", "y_px"]].dropna()
    if len(finite) > 1 and (finite.max() - finite.min()).max() < 2:
        text = "all samples lie within 2 px: are these shares of the image?"
        found.append(Finding("warning", "gaze", "small_range", text, len(finite)))
    return found
