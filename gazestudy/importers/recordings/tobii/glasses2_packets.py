"""Packets of a Tobii Pro Glasses 2 (`livedata.json.gz`), and how gaze samples are put together from them.

Every line is one packet with its time `ts` (µs on the clock of the device) and status `s` (0 is good). A gaze
sample is spread over eight packets: pupil centre, pupil diameter and gaze direction of each eye, 2-D and 3-D
gaze. They share their number `gidx`; firmware before about 1.25 wrote none, there they share their time.
Lines are not in the order of time.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gazestudy.importers.recordings.tobii.json_lines import (
    NUMBERS,
    Columns,
    LineFile,
    Quick,
    Scratch,
    flat,
    floats,
    ints,
    texts,
    vectors,
)
from gazestudy.importers.sources import Source
from gazestudy.model import Finding

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

EYES = ("left", "right")
SLOTS = (*((kind, eye) for eye in EYES for kind in ("pc", "pd", "gd")), ("gp", ""), ("gp3", ""))
"""The packets of a whole gaze sample."""

_WIDTHS = {"pc": 3, "pd": 1, "gd": 3, "gp": 2, "gp3": 3, "ac": 3, "gy": 3}
_ONE_SAMPLE_US = 100_000  # packets of one number that lie farther apart are of two samples
_FARTHEST_US = 9 * 10**15  # 285 years; as ns it still is an int64
_SCHEMA = pa.schema(
    [
        *((name, pa.int64()) for name in ("ts", "gidx", "vts")),
        *((name, pa.float64()) for name in ("s", "pd", "l", "sig")),
        *((name, NUMBERS) for name in ("pc", "gd", "gp", "gp3", "ac", "gy")),
        *((name, pa.string()) for name in ("eye", "dir", "type", "tag")),
    ]
)


@dataclass(frozen=True, slots=True)
class Packets:
    """Packets of one kind.

    Attributes
    ----------
    ts_us : ndarray of int64, shape (n,)
        Time on the clock of the device, µs.
    status : ndarray of int64, shape (n,)
        0 is good, -1 not given.
    gidx : ndarray of int64, shape (n,)
        Number of the gaze sample, -1 for none.
    values : ndarray of float64, shape (n, width)
        The numbers; those of a bad packet mean nothing.
    """

    ts_us: Ints
    status: Ints
    gidx: Ints
    values: Floats

    def __len__(self) -> int:
        return len(self.ts_us)


@dataclass(frozen=True, slots=True)
class SyncPort:
    """Changes of the sync ports: time (µs), "in" or "out", level."""

    ts_us: Ints
    direction: list[str]
    value: Ints


@dataclass(frozen=True, slots=True)
class ApiEvents:
    """Events sent to the device: time (µs), type, tag."""

    ts_us: Ints
    kind: list[str]
    tag: list[str]


@dataclass(frozen=True, slots=True)
class LiveData:
    """One segment's packets by kind and eye, with what was found while reading.

    `video_us` holds one row for each statement of the video's time: `ts`, `vts` (µs). `latency_us` belongs to
    the packets of the 2-D gaze.
    """

    packets: dict[tuple[str, str], Packets]
    latency_us: Floats
    video_us: Ints
    sync: SyncPort
    api: ApiEvents
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Samples:
    """Gaze samples in the order of time.

    Attributes
    ----------
    ts_us : ndarray of int64, shape (n,)
        Time, µs.
    gidx : ndarray of int64, shape (n,)
        Number, -1 for none.
    values : dict
        By kind and eye: ndarray of float64, shape (n, width), NaN where the packet is missing or bad.
    status : dict
        By kind and eye: ndarray of int64, shape (n,), -1 where the packet is missing.
    latency_us : ndarray of float64, shape (n,)
        Time that the device needed.
    ambiguous : ndarray of bool, shape (n,)
        Samples with more than one packet of a kind.
    findings : list of Finding
        What was found while putting them together.
    """

    ts_us: Ints
    gidx: Ints
    values: dict[tuple[str, str], Floats]
    status: dict[tuple[str, str], Ints]
    latency_us: Floats
    ambiguous: NDArray[np.bool_]
    findings: list[Finding]


def read_live_data(source: Source, name: str) -> LiveData:
    """Return the packets of one segment.

    Parameters
    ----------
    source : Source
        The recording folder.
    name : str
        The file.

    Raises
    ------
    InputError
        If it cannot be used.
    """
    lines = LineFile(source, name, "gaze")
    parts = Columns()
    words: dict[str, list[str]] = defaultdict(list)
    odd = 0
    for table in lines.tables(_SCHEMA, _quick(parts) if lines.is_large else None):
        odd += _take(table, parts, words)
    findings = lines.findings
    if odd:
        text = f"{name}: {odd} packets have no time or are not like packets of their kind; they were left out"
        findings.append(Finding("problem", "gaze", "packets_skipped", text, odd))

    packets = {}
    for kind, eye in (*SLOTS, ("ac", ""), ("gy", "")):
        key = kind + eye
        times, status, gidx = (parts.ints(f"{key}.{one}") for one in ("ts", "s", "gidx"))
        packets[kind, eye] = Packets(times, status, gidx, parts.floats(key, _WIDTHS[kind]))
    video = np.column_stack([parts.ints("vts.ts"), parts.ints("vts")])
    sync = SyncPort(parts.ints("sig.ts"), words["dir"], parts.ints("sig"))
    api = ApiEvents(parts.ints("type.ts"), words["type"], words["tag"])
    latency = parts.floats("l")
    return LiveData(packets, latency, video, sync, api, findings)


def _quick(parts: Columns) -> Quick:
    """Return what reads packets in the usual form, much faster than JSON is parsed."""
    from gazestudy.importers.recordings.tobii import kernels  # the compiler is slow to load

    kinds = kernels.KINDS
    widths = [_WIDTHS[kind.removesuffix("left").removesuffix("right")] for kind in kinds]

    scratch = Scratch()

    def take(text: NDArray[np.uint8], lines: int) -> Ints | None:
        shape = (len(kinds), lines)
        ts, status, gidx = (scratch.take(name, shape, np.int64) for name in ("ts", "s", "gidx"))
        values, latency = scratch.take("values", (*shape, 3)), scratch.take("l", (lines,))
        counts, left = np.zeros(len(kinds), np.int64), scratch.take("left", (lines, 3), np.int64)
        _, others = kernels.packet_lines(text, ts, status, gidx, values, latency, counts, left)
        odd = b"".join(text[start:end].tobytes() for start, end in left[:others, :2].tolist())
        if any(b'"%s"' % kind.encode() in odd for kind in _WIDTHS):
            return None  # the order of lines says which of two packets came first
        for number, (kind, width) in enumerate(zip(kinds, widths, strict=True)):
            rows = slice(int(counts[number]))
            parts.add(f"{kind}.ts", ts[number, rows])
            parts.add(f"{kind}.s", status[number, rows])
            parts.add(f"{kind}.gidx", gidx[number, rows])
            parts.add(kind, values[number, rows, :width])
            if kind == "gp":
                parts.add("l", latency[rows])
        return left[:others]

    return take


def _take(table: pa.Table, parts: Columns, words: dict[str, list[str]]) -> int:
    """Sort the packets of some lines by kind; return how many are not like packets of their kind."""
    given = pc.is_valid(flat(table["ts"])).to_numpy(zero_copy_only=False)
    ts = ints(flat(table["ts"]), 0)
    timed = given & (ts > -_FARTHEST_US) & (ts < _FARTHEST_US)
    odd = int(np.count_nonzero(~timed))
    given_status = np.nan_to_num(floats(flat(table["s"])), nan=-1.0, posinf=-1.0, neginf=-1.0)
    status = np.ceil(np.clip(given_status, -1, 2**31)).astype(np.int64)
    gidx = ints(flat(table["gidx"]), -1)
    eye = flat(table["eye"])
    eyes = {one: pc.equal(eye, one).fill_null(False).to_numpy(zero_copy_only=False) for one in EYES}
    latency = floats(flat(table["l"]))

    def keep(key: str, rows: Ints, values: Floats) -> None:
        if len(rows):
            parts.add(f"{key}.ts", ts[rows])
            parts.add(f"{key}.s", status[rows])
            parts.add(f"{key}.gidx", gidx[rows])
            parts.add(key, values)

    for kind, width in _WIDTHS.items():
        column = flat(table[kind])
        if width == 1:
            rows = np.flatnonzero(pc.is_valid(column).to_numpy(zero_copy_only=False))
            values = floats(column)[rows].reshape(-1, 1)
        else:
            rows, values, wrong = vectors(column, width)
            odd += wrong
        good = timed[rows]
        if not good.all():
            rows, values = rows[good], values[good]
        if kind in ("pc", "pd", "gd"):
            found = 0
            for one in EYES:
                mine = eyes[one][rows]
                found += int(np.count_nonzero(mine))
                keep(kind + one, rows[mine], values[mine])
            odd += len(rows) - found
        else:
            keep(kind, rows, values)
            if kind == "gp" and len(rows):
                parts.add("l", latency[rows])
    _take_rest(table, ts, status, timed, parts, words)
    return odd


def _take_rest(
    table: pa.Table,
    ts: Ints,
    status: Ints,
    timed: NDArray[np.bool_],
    parts: Columns,
    words: dict[str, list[str]],
) -> None:
    """Keep the packets that are few: video times, sync ports, events."""

    def rows_of(name: str) -> Ints:
        valid = pc.is_valid(flat(table[name])).to_numpy(zero_copy_only=False)
        return np.flatnonzero(valid & timed)

    video = rows_of("vts")
    vts = ints(flat(table["vts"]), 0)[video]
    good = (status[video] == 0) & (vts > -_FARTHEST_US) & (vts < _FARTHEST_US)
    parts.add("vts.ts", ts[video][good])
    parts.add("vts", vts[good])
    sync = rows_of("sig")
    parts.add("sig.ts", ts[sync])
    level = np.nan_to_num(floats(flat(table["sig"]))[sync], posinf=0.0, neginf=0.0)
    parts.add("sig", np.clip(level, -(2**31), 2**31).astype(np.int64))
    words["dir"].extend(texts(flat(table["dir"]).take(pa.array(sync))))
    event = rows_of("type")
    parts.add("type.ts", ts[event])
    words["type"].extend(texts(flat(table["type"]).take(pa.array(event))))
    words["tag"].extend(texts(flat(table["tag"]).take(pa.array(event))))


def assemble(data: LiveData) -> Samples:
    """Put gaze samples together from their packets.

    Parameters
    ----------
    data : LiveData
        The packets of one segment. Those of gaze are taken out of it: an hour of them is large.

    Returns
    -------
    Samples
        In the order of time. Samples at both ends that are not whole (the recording began or ended within
        them) are left out.
    """
    slots = [data.packets.pop(slot) for slot in SLOTS]
    numbers, count = _sample_numbers(slots)
    ts, gidx = np.zeros(count, np.int64), np.full(count, -1, np.int64)
    for packets, of_sample in zip(slots, numbers, strict=True):  # the time of the 2-D gaze has the last word
        ts[of_sample], gidx[of_sample] = packets.ts_us, packets.gidx
    ts[numbers[6]] = slots[6].ts_us
    differing = sum(
        int(np.count_nonzero(ts[of_sample] != packets.ts_us))
        for packets, of_sample in zip(slots, numbers, strict=True)
    )
    whole, ambiguous = np.ones(count, np.bool_), np.zeros(count, np.bool_)
    firsts = []
    for of_sample in numbers:
        times = np.bincount(of_sample, minlength=count)
        whole &= times > 0
        ambiguous |= times > 1
        first = np.full(count, -1, np.int64)
        first[of_sample[::-1]] = np.arange(len(of_sample) - 1, -1, -1)
        firsts.append(first)
    order = np.argsort(ts, kind="stable")
    kept = order[_between_cut_ends(whole[order] | ambiguous[order])]
    findings = _assembly_findings(
        whole[kept] | ambiguous[kept], count - len(kept), ambiguous[kept], differing
    )
    values, status = {}, {}
    latency = np.full(len(kept), np.nan)
    has_latency = firsts[6][kept] >= 0
    latency[has_latency] = data.latency_us[firsts[6][kept][has_latency]]
    for slot, first in zip(SLOTS, firsts, strict=True):
        values[slot], status[slot] = _values_of(slots.pop(0), first[kept])
    return Samples(ts[kept], gidx[kept], values, status, latency, ambiguous[kept], findings)


def _sample_numbers(slots: list[Packets]) -> tuple[list[Ints], int]:
    """Return for each packet of each kind the number of its sample, and how many samples there are."""
    easy = _ascending_numbers(slots)
    if easy is not None:
        return easy
    ts = np.concatenate([packets.ts_us for packets in slots])
    gidx = np.concatenate([packets.gidx for packets in slots])
    order = np.lexsort((ts, gidx))
    sorted_ts, sorted_gidx = ts[order], gidx[order]
    apart = np.diff(sorted_ts)
    new = (np.diff(sorted_gidx) != 0) | (apart > np.where(sorted_gidx[1:] >= 0, _ONE_SAMPLE_US, 0))
    number = np.empty(len(ts), np.int64)
    number[order] = np.concatenate([[0], np.cumsum(new)])
    ends = np.cumsum([len(packets) for packets in slots])[:-1]
    return list(np.split(number, ends)), int(np.count_nonzero(new)) + 1


def _ascending_numbers(slots: list[Packets]) -> tuple[list[Ints], int] | None:
    """Return the same where every kind comes in order and once per sample, as it should; else None."""
    given = [packets.gidx for packets in slots]
    if all(len(one) == 0 or one.min() >= 0 for one in given):
        keys = given
    elif all(len(one) == 0 or one.max() < 0 for one in given):
        keys = [packets.ts_us for packets in slots]
    else:
        return None
    if not all((one[1:] > one[:-1]).all() for one in keys):
        return None
    if all(np.array_equal(one, keys[0]) for one in keys):
        every = keys[0]
        numbers = [np.arange(len(every))] * len(keys)
    else:
        merged = np.sort(np.concatenate(keys), kind="stable")  # quick, as it consists of sorted runs
        every = merged[np.diff(merged, prepend=merged[0] - 1) != 0]
        numbers = [np.searchsorted(every, one) for one in keys]
    ts = np.full(len(every), -1, np.int64)
    for packets, of_sample in zip(slots, numbers, strict=True):
        before = ts[of_sample]
        if ((before >= 0) & (before != packets.ts_us)).any():
            return None
        ts[of_sample] = packets.ts_us
    return numbers, len(every)


def _values_of(packets: Packets, first: Ints) -> tuple[Floats, Ints]:
    values = np.full((len(first), packets.values.shape[1]), np.nan)
    status = np.full(len(first), -1, np.int64)
    there = first >= 0
    status[there] = packets.status[first[there]]
    good = status == 0
    values[good] = packets.values[first[good]]
    values[~np.isfinite(values).all(axis=1)] = np.nan
    return values, status


def _between_cut_ends(complete: NDArray[np.bool_]) -> slice:
    """Return the samples without a first and a last one that is not whole."""
    start = int(len(complete) > 0 and not complete[0])
    stop = len(complete) - int(len(complete) > start and not complete[-1])
    return slice(start, stop)


def _assembly_findings(
    complete: NDArray[np.bool_], cut: int, ambiguous: NDArray[np.bool_], differing: int
) -> list[Finding]:
    found = []
    if cut:
        text = f"{cut} samples at the ends are not whole (begun before, or cut off by the end); left out"
        found.append(Finding("info", "gaze", "incomplete_ends", text, cut))
    if lacking := int(np.count_nonzero(~complete)):
        text = f"{lacking} samples lack some of their eight packets; what is there is kept"
        found.append(Finding("warning", "gaze", "incomplete_samples", text, lacking))
    if several := int(np.count_nonzero(ambiguous)):
        text = f"{several} samples hold two packets of one kind and eye: not to be told apart, so not valid"
        found.append(Finding("warning", "gaze", "ambiguous_samples", text, several))
    if differing:
        text = f"{differing} packets bear another time than the 2-D gaze of their sample, whose time is taken"
        found.append(Finding("info", "gaze", "packet_times", text, differing))
    return found
