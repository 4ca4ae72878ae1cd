"""Videos whose pictures carry a 16-bit number in paint, and changes to their boxes."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

BITS = 16
WIDTH, HEIGHT = BITS * 12, 64


def painted(number: int) -> np.ndarray:
    """A picture with `number` as 16 black and white blocks."""
    picture = np.full((HEIGHT, WIDTH), 128, np.uint8)
    for bit in range(BITS):
        picture[8:56, bit * 12 : bit * 12 + 12] = 235 if number >> bit & 1 else 16
    return picture


def number_in(luma: np.ndarray) -> int:
    return sum(1 << bit for bit in range(BITS) if luma[32, bit * 12 + 6] > 128)


def ids(count: int) -> list[int]:
    """Numbers that use all 16 bits."""
    return [(7919 * k + 12345) % 65521 for k in range(count)]


def write_video(
    path: Path,
    ticks: Sequence[int],
    *,
    numbers: Sequence[int] | None = None,
    ticks_per_s: int = 1000,
    codec: str = "libx264",
    gop: int = 12,
    b_frames: int = 2,
    pix_fmt: str = "yuv420p",
    options: dict[str, str] | None = None,
    codec_options: dict[str, str] | None = None,
    key_at: Sequence[int] = (),
) -> Path:
    """Write one painted picture per time."""
    numbers = ids(len(ticks)) if numbers is None else numbers
    base = Fraction(1, ticks_per_s)
    with av.open(str(path), "w", options=options or {}) as container:
        stream = container.add_stream(codec, rate=30, options=codec_options or {})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, pix_fmt
        stream.time_base = stream.codec_context.time_base = base
        stream.codec_context.gop_size = gop
        if codec != "mjpeg":
            stream.codec_context.max_b_frames = b_frames
        for place, (tick, number) in enumerate(zip(ticks, numbers, strict=True)):
            frame = av.VideoFrame.from_ndarray(painted(number), format="gray").reformat(format=pix_fmt)
            frame.pts, frame.time_base = tick, base
            if place in key_at:
                frame.pict_type = av.video.frame.PictureType.I
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def boxes(content: bytes, start: int = 0, stop: int | None = None) -> list[tuple[bytes, int, int]]:
    """Kind, start and end of the boxes in a stretch of a file."""
    stop = len(content) if stop is None else stop
    found = []
    while start + 8 <= stop:
        size, kind = struct.unpack_from(">I4s", content, start)
        found.append((kind, start, start + size))
        start += size
    return found


def box(content: bytes, *kinds: bytes) -> tuple[int, int]:
    """Start and end of the first box along a path such as moov, trak, tkhd."""
    start, stop = 0, len(content)
    for depth, kind in enumerate(kinds):
        inside = boxes(content, start + (8 if depth else 0), stop)
        start, stop = next((a, b) for k, a, b in inside if k == kind)
    return start, stop


def edit_list(entries: Sequence[tuple[int, int, int]], version: int = 1) -> bytes:
    """An elst box of (duration in movie ticks, media time, rate)."""
    form = ">Qqhh" if version == 1 else ">Iihh"
    body = struct.pack(">B3xI", version, len(entries))
    body += b"".join(struct.pack(form, *entry, 0) for entry in entries)
    return struct.pack(">I4s", 8 + len(body), b"elst") + body


def with_edits(path: Path, entries: Sequence[tuple[int, int, int]] | None, version: int = 1) -> Path:
    """Replace the edit list of the only track; None takes it away.

    The movie box must lie behind the pictures, so that no offset changes.
    """
    content = path.read_bytes()
    moov, trak = box(content, b"moov"), box(content, b"moov", b"trak")
    assert moov[1] == len(content)
    inside = content[trak[0] + 8 : trak[1]]
    pieces = {kind: inside[a:b] for kind, a, b in boxes(inside) if kind != b"edts"}
    edts = b""
    if entries is not None:
        table = edit_list(entries, version)
        edts = struct.pack(">I4s", 8 + len(table), b"edts") + table
    new = pieces.pop(b"tkhd") + edts + b"".join(pieces.values())
    track = struct.pack(">I4s", 8 + len(new), b"trak") + new
    rest = content[moov[0] + 8 : trak[0]] + track + content[trak[1] : moov[1]]
    path.write_bytes(content[: moov[0]] + struct.pack(">I4s", 8 + len(rest), b"moov") + rest)
    return path


def media_times(path: Path) -> np.ndarray:
    """Ticks of all pictures in the track from its tables (stts and ctts), ascending, and its time scale."""
    content = path.read_bytes()
    table = (b"moov", b"trak", b"mdia", b"minf", b"stbl")

    def runs(kind: bytes, form: str) -> np.ndarray:
        start, stop = box(content, *table, kind)
        (count,) = struct.unpack_from(">I", content, start + 12)
        rows = list(struct.iter_unpack(form, content[start + 16 : start + 16 + 8 * count]))
        assert start + 16 + 8 * count == stop
        return np.repeat([row[1] for row in rows], [row[0] for row in rows])

    steps = runs(b"stts", ">II")
    decode = np.concatenate([[0], np.cumsum(steps)[:-1]])
    kinds = {kind for kind, _, _ in boxes(content, box(content, *table)[0] + 8, box(content, *table)[1])}
    offsets = runs(b"ctts", ">Ii") if b"ctts" in kinds else 0
    return np.sort(decode + offsets)


def time_scale(path: Path, *kinds: bytes) -> int:
    """Ticks per second of the movie or the track (version 0 headers)."""
    content = path.read_bytes()
    start, _ = box(content, *kinds)
    return int(struct.unpack_from(">I", content, start + 8 + 12)[0])
