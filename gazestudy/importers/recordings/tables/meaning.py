"""What the columns of a table mean: time and its unit, position, validity, frame numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gazestudy.importers.recordings.tables.choices import Choice, Confidence
from gazestudy.importers.recordings.tables.mapping import NS_PER_UNIT, Validity
from gazestudy.importers.text_tables import TextTable, column_key

Floats = NDArray[np.float64]

TIME_NAMES = ("timestamp", "time", "t", "time stamp", "gaze timestamp", "sample time", "recording timestamp")
PX_PAIRS = (
    ("x_px", "y_px"),
    ("gaze x", "gaze y"),
    ("gaze x px", "gaze y px"),
    ("gaze_pos_vid_x", "gaze_pos_vid_y"),
    ("x", "y"),
)
NORM_PAIRS = (("norm_pos_x", "norm_pos_y"), ("x_norm", "y_norm"), ("gaze x norm", "gaze y norm"))
FRAME_NAMES = ("frame_idx", "frame", "frame index", "frame number", "world_index")
VALID_NAMES = ("valid", "validity", "is valid", "gaze valid", "valid gaze")
UNITS = {"s": "s", "sec": "s", "seconds": "s", "ms": "ms", "us": "us", "ns": "ns"}
MOBILE_GAZE_MAPPING = ["timestamp", "frame_idx", "confidence", "norm_pos_x", "norm_pos_y"]

# Usual steps of eye trackers (2 to 2000 Hz) in each unit; the ranges do not overlap.
_STEP_RANGES = {"s": (0.0005, 0.2), "ms": (0.5, 200.0), "us": (500.0, 2e5), "ns": (5e5, 2e8)}
_EPOCH_S = (978_307_200, 4_102_444_800)  # 2001 to 2100 as seconds since 1970
_CLOCK_TEXT = re.compile(r"(\d{4}-\d{2}-\d{2}[T ])?\d{1,2}:\d{2}(:\d{2})?([.,]\d+)?.*")
_CONFIDENT = 0.6
_TRUE_WORDS, _FALSE_WORDS = {"true", "1", "1.0"}, {"false", "0", "0.0"}
_GOOD_WORDS = {"valid", "ok", "good", "yes"}
_GAZE_WORDS = {"gaze": 3, "por": 3, "regard": 3, "scene": 1, "vid": 1, "world": 1, "pos": 1, "px": 1}
_OTHER_WORDS = ("left", "right", "pupil", "origin", "dir", "gyro", "acc", "fixation", "l", "r", "mag", "rot")
_ENOUGH = 20


def numbers(table: TextTable, name: str) -> Floats:
    """Return a column as numbers, without notes about those that are none."""
    noted = len(table.findings)
    values = table.floats(name)
    del table.findings[noted:]
    return values


def find_time(table: TextTable, place: str) -> Choice:
    """Choose the time column by its name, else by the way its numbers go."""
    spellings = [*TIME_NAMES, *(f"{one} {unit}" for one in TIME_NAMES for unit in UNITS)]
    named = [name for name in table.names if column_key(name) in {column_key(one) for one in spellings}]
    if named:
        best = table.find(*spellings) or named[0]
        others = tuple(name for name in named if name != best)
        reason = f"{best!r} is named like a time"
        return Choice("time", best, "medium" if others else "high", reason, others)
    growing = [name for name in table.names if _grows(numbers(table, name))]
    reason = f"no column of {place} is named like a time ({', '.join(table.names[:8])})"
    if growing:
        reason += f"; the numbers in {growing[0]!r} grow from row to row"
    return Choice("time", growing[0] if growing else None, "low", reason, tuple(growing[1:]))


def _grows(values: Floats) -> bool:
    steps = np.diff(values[np.isfinite(values)])
    if len(steps) < 2 or np.isfinite(values).mean() < 0.9:
        return False
    return bool((steps >= 0).mean() > 0.99 and (steps > 0).mean() > 0.5)


def find_unit(table: TextTable, time: str) -> Choice:
    """Choose the unit of the time column by its name, the size of its numbers and their steps."""
    times = numbers(table, time)
    times = times[np.isfinite(times)]
    if len(times) == 0:
        cells = [cell for cell in table.text(time).head(50) if cell]
        if any(_CLOCK_TEXT.fullmatch(cell) for cell in cells):
            reason = f"{time!r} holds times of day ({cells[0]!r}); turn them into seconds first"
            return Choice("time_unit", None, "low", reason)
        return Choice("time_unit", None, "low", f"{time!r} holds no numbers")
    steps = np.diff(times)
    backwards = int((steps < 0).sum())
    steps = steps[steps > 0]
    if len(steps) == 0:
        return Choice("time_unit", None, "low", f"the times in {time!r} never increase")
    choice = _unit_of(time, times, steps)
    if backwards:
        return Choice(
            choice.field,
            choice.value,
            choice.confidence,
            f"{choice.reason}; they go backwards {backwards} times",
            choice.alternatives,
        )
    return choice


def _unit_of(time: str, times: Floats, steps: Floats) -> Choice:
    step = float(np.median(steps))
    fits = [unit for unit, (low, high) in _STEP_RANGES.items() if low <= step <= high]
    rates = {unit: NS_PER_UNIT["s"] / NS_PER_UNIT[unit] / step for unit in NS_PER_UNIT}
    named = _named_unit(time)
    if named is not None and (named in fits or not fits):
        return Choice("time_unit", named, "high" if fits else "medium", f"the name of {time!r} says {named}")
    if named is not None:
        reason = f"the name of {time!r} says {named}, which would be {rates[named]:.3g} Hz;"
        reason += f" as {fits[0]} it is {rates[fits[0]]:.3g} Hz"
        return Choice("time_unit", named, "low", reason, tuple(fits))
    middle = float(np.median(np.abs(times)))
    dated = [u for u, ns in NS_PER_UNIT.items() if _EPOCH_S[0] <= middle * ns / 1e9 <= _EPOCH_S[1]]
    if not fits:
        reason = f"the unit of {time!r} cannot be told from its median step of {step:g}"
        guesses = tuple(sorted(NS_PER_UNIT, key=lambda unit: abs(np.log(rates[unit] / 100))))
        return Choice("time_unit", dated[0] if dated else None, "low", reason, guesses)
    said = f"the median step of {time!r} is {step:g}: {rates[fits[0]]:.0f} Hz if it is {fits[0]}"
    counts = len(steps) > _ENOUGH and bool((steps == 1).all())
    return _unit_by_steps(time, fits[0], said, dated, counts)


def _unit_by_steps(time: str, unit: str, said: str, dated: list[str], counts: bool) -> Choice:
    """Choose the unit that the steps fit, if nothing else speaks against it."""
    if unit in dated:
        return Choice("time_unit", unit, "high", f"{said}, and its numbers are {unit} since 1970")
    if counts:
        reason = f"{time!r} counts 1, 2, 3: either ms at 1000 Hz, or a number of samples and no time"
        return Choice("time_unit", unit, "low", reason)
    return Choice("time_unit", unit, "medium", said)


def _named_unit(time: str) -> str | None:
    words = time.lower().rstrip(" ])").replace("[", " ").replace("(", " ").replace("_", " ").split()
    return UNITS.get(words[-1].replace("μ", "u").replace("µ", "u")) if len(words) > 1 else None


def find_position(table: TextTable, place: str) -> tuple[Choice, Choice]:
    """Choose the columns of x and y."""
    for x_name, y_name in (*NORM_PAIRS, *PX_PAIRS):
        x, y = table.find(x_name), table.find(y_name)
        if x is not None and y is not None:
            sure: Confidence = "medium" if x_name == "x" else "high"
            reason = f"{x!r} and {y!r} are named like a gaze position"
            return Choice("x", x, sure, reason), Choice("y", y, sure, reason)
    pairs = sorted(_pairs(table), key=lambda pair: -_score(pair[0]))
    if not pairs:
        reason = f"no columns of {place} are named like a gaze position ({', '.join(table.names[:8])})"
        return Choice("x", None, "low", reason), Choice("y", None, "low", reason)
    best, others = pairs[0], pairs[1:]
    clear = _score(best[0]) > 0 and (not others or _score(others[0][0]) < _score(best[0]))
    reason = f"{best[0]!r} and {best[1]!r} are the only pair of gaze"
    if not clear:
        reason = f"no columns of {place} are named like a gaze position beyond doubt; {best[0]!r} may be it"
    likely: Confidence = "medium" if clear else "low"
    return (
        Choice("x", best[0], likely, reason, tuple(pair[0] for pair in others)),
        Choice("y", best[1], likely, reason, tuple(pair[1] for pair in others)),
    )


def _pairs(table: TextTable) -> list[tuple[str, str]]:
    """Return columns of numbers whose names differ in x and y only."""
    known = {name.lower(): name for name in table.names}
    found = []
    for name in table.names:
        lower = name.lower()
        partners = {re.sub(r"(?<![a-z])x(?![a-z])", "y", lower), re.sub(r"x(?=[^a-z]*$)", "y", lower)}
        for partner in partners - {lower}:
            if partner in known and np.isfinite(numbers(table, name)).any():
                found.append((name, known[partner]))
                break
    return found


def _score(name: str) -> int:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    words = column_key(spaced).replace("-", " ").replace(".", " ").split()
    good = sum(points for word, points in _GAZE_WORDS.items() if any(word in one for one in words))
    bad = sum(
        3 for word in _OTHER_WORDS if any(one == word or (len(word) > 2 and word in one) for one in words)
    )
    return good - bad


def find_xy_unit(table: TextTable, x: str, y: str, size_px: tuple[int, int] | None) -> Choice:
    """Choose px or shares of the image, by the names and by the range of the numbers.

    Parameters
    ----------
    table : TextTable
        The table.
    x, y : str
        Its columns.
    size_px : (int, int) or None
        Width and height of the scene image, where a video lies beside the table.
    """
    words = f"{column_key(x)} {column_key(y)}".split()
    both = np.concatenate([numbers(table, x), numbers(table, y)])
    both = both[np.isfinite(both)]
    low, high = np.quantile(both, [0.01, 0.99]) if len(both) else (0.0, 0.0)
    within = bool(low >= -0.5 and high <= 1.5)
    shares = within and len(both) >= 2 * _ENOUGH and bool(high > low)
    spread = f"the numbers run from {low:.4g} to {high:.4g}"
    if "deg" in words or "mm" in words:
        reason = f"{x!r} is an angle or a length, not a place in the scene image"
        return Choice("xy_unit", None, "low", reason)
    if any(word.startswith("norm") for word in words):
        reason, others = f"{x!r} is named so; {spread}", () if within else ("px",)
        return Choice("xy_unit", "normalised", "high" if within else "low", reason, others)
    if any(word in words for word in ("px", "pixel", "pixels", "vid")):
        reason, others = f"{x!r} is named so; {spread}", ("normalised",) if shares else ()
        return Choice("xy_unit", "px", "low" if shares else "high", reason, others)
    if shares:
        return Choice("xy_unit", "normalised", "medium", f"{spread}, as shares of the image do", ("px",))
    if len(both) >= 2 * _ENOUGH:
        doubt = _doubt_about_px(float(low), float(high), len(both), size_px)
        if doubt:
            return Choice("xy_unit", "px", "low", f"{spread}{doubt}")
    return Choice("xy_unit", "px", "medium", f"{x!r} and {y!r} are taken as px; {spread}", ("normalised",))


def _doubt_about_px(low: float, high: float, count: int, size_px: tuple[int, int] | None) -> str:
    if low < -1 and high < 90:
        return ": these may be angles in degrees, not px"
    if size_px is not None and count >= 10 * _ENOUGH and high <= 100 < 0.2 * min(size_px):
        return f" in an image of {size_px[0]} x {size_px[1]} px: these may be percent, not px"
    return ""


def find_origin(header: Sequence[str], x: str, y: str, unit: str) -> Choice:
    """Choose the corner that coordinates count from."""
    if unit == "px":
        reason = "px of a picture count from the top left nearly everywhere"
        return Choice("origin", "top-left", "medium", reason, ("bottom-left",))
    if list(header) == MOBILE_GAZE_MAPPING:
        reason = "this header is that of mobileGazeMapping, whose origin is top-left"
        return Choice("origin", "top-left", "high", reason)
    reason = f"{x!r} and {y!r} may count from the top or from the bottom"
    value, other = "top-left", "bottom-left"
    if column_key(x).startswith("norm pos"):
        value, other = other, value
        reason += "; Pupil's programs, which use this name, count from the bottom"
    return Choice("origin", value, "low", reason, (other,))


def find_validity(table: TextTable) -> tuple[Choice, Choice]:
    """Choose the rule of validity, and the column of a confidence from 0 to 1."""
    name = table.find("confidence")
    if name is not None:
        values = numbers(table, name)
        values = values[np.isfinite(values)]
        if len(values) and values.min() >= 0 and values.max() <= 1:
            reason = f"samples with {name!r} below {_CONFIDENT} are not valid"
            rule = Validity(column=name, min=_CONFIDENT)
            return (
                Choice("validity", rule, "medium", reason, ("another least confidence",)),
                Choice("confidence", name, "high", f"{name!r} runs from 0 to 1"),
            )
        reason = f"{name!r} does not run from 0 to 1: from which value on is a sample valid?"
        return Choice("validity", None, "low", reason), Choice("confidence", None, "high", reason)
    nothing = Choice("confidence", None, "high", "no column is named confidence")
    name = table.find(*VALID_NAMES)
    if name is None:
        reason = "no column says which samples are valid: all with coordinates are"
        return Choice("validity", None, "medium", reason), nothing
    words = {cell.lower() for cell in table.text(name).unique() if cell}
    if words <= _TRUE_WORDS | _FALSE_WORDS and words:
        reason = f"{name!r} says which samples are valid"
        return Choice("validity", Validity(column=name, equals=True), "medium", reason), nothing
    good = [cell for cell in table.text(name).unique() if cell.lower() in _GOOD_WORDS]
    if len(good) == 1:
        reason = f"{name!r} says {good[0]!r} where samples are valid"
        return Choice("validity", Validity(column=name, equals=good[0]), "medium", reason), nothing
    shown = ", ".join(sorted(words)[:6])
    reason = f"{name!r} has the values {shown}: which of them means valid? (Some devices write 0 for valid.)"
    return Choice("validity", None, "low", reason, tuple(sorted(words)[:6])), nothing


def find_frame(table: TextTable) -> tuple[Choice, Choice]:
    """Choose the column of frame numbers, and whether they count from 0 or 1."""
    name = table.find(*FRAME_NAMES)
    if name is None:
        reason = "no column is named like a frame number"
        return Choice("frame", None, "high", reason), Choice("frame_base", 0, "high", reason)
    values = numbers(table, name)
    values = values[np.isfinite(values)]
    if len(values) == 0 or (values != np.round(values)).any():
        reason = f"{name!r} is named like a frame number, but does not hold whole numbers"
        return Choice("frame", None, "low", reason, (name,)), Choice("frame_base", 0, "high", reason)
    chosen = Choice("frame", name, "high", f"{name!r} is named like a frame number")
    if (np.diff(values) < 0).sum() > 0.01 * len(values):
        reason = f"the numbers in {name!r} go up and down, unlike those of frames"
        chosen = Choice("frame", name, "low", reason, (None,))
    first = int(values.min())
    if first == 0:
        return chosen, Choice("frame_base", 0, "high", f"frame numbers in {name!r} count from 0")
    if first == 1:
        reason = f"frame numbers in {name!r} count from 1, unless no sample falls on the first frame"
        return chosen, Choice("frame_base", 1, "medium", reason, (0,))
    reason = f"frame numbers in {name!r} begin at {first}; they are taken to count from 0"
    return chosen, Choice("frame_base", 0, "medium", reason, (1,))
