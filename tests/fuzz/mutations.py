"""Damage to files and folders: by bytes, by lines and cells, by values of JSON, by names, by packing.

A mutation takes a random generator, so that a seed repeats it and hypothesis can make it smaller.
"""

from __future__ import annotations

import gzip
import json
import random
import shutil
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

INSERTS = (
    b"\0" * 20,
    b'"',
    b"\n\n",
    b",,,",
    b"\xff\xfe",
    b"nan",
    b"1e999999999",
    b"9" * 30,
    b"{",
    b"[" * 5000,
    b"\r",
)
CELLS = (
    *(b"", b"x", b"-1", b"1e400", b"-1e308", b"True", b"9" * 30, b"inf", b"nan", b"\xe4", b"1.5.5", b"0x1F", b"1,5"),
    *(b"9223372036854775807", b"-9223372036854775808", b"9223372036854775808", b"1e18", b"0.000000000000001"),
    *(b'"', b"A" * 100_000, b"\xf0\x9f\x91\x80", b"\xce\xbc", b"None", b"-", b" 1 ", b"1_000", b"\0"),
)  # fmt: skip
ENCODINGS = ("utf-16", "utf-16-be", "utf-16-le", "utf-8-sig", "utf-32", "cp500")
WHOLE = (
    b"",
    b"\0" * 1000,
    b"\n",
    b"{}",
    b"[]",
    b"null",
    b"\x1f\x8b",
    b"PK\x03\x04",
    b"\xef\xbb\xbf",
    b"\x80\x04.",
    b"0",
)

_GZIP, _DEEP = b"\x1f\x8b", 100_000
_LARGE_MB = 120


def mutate(folder: Path, rng: random.Random) -> Path:
    """Damage a folder in place, one to three times; return what is to be imported: it, a zip or one file."""
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        if not files:
            break
        file = rng.choice(files)
        if rng.random() < 0.12:
            rng.choice(_NAMES)(file, files, rng)
        else:
            _rewrite(file, _damaged(file.read_bytes(), file, rng))
    if rng.random() < 0.06:
        return _zipped(folder, rng)
    if rng.random() < 0.03:
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return rng.choice(files) if files else folder
    return folder


def _rewrite(file: Path, data: bytes) -> None:
    file.unlink()  # it may be a hard link to the file of the sample
    file.write_bytes(data)


def _damaged(data: bytes, file: Path, rng: random.Random) -> bytes:
    if data[:2] == _GZIP and rng.random() < 0.7:
        if rng.random() < 0.02:
            return _bomb(rng)
        try:
            inside = gzip.decompress(data)
        except (OSError, EOFError, zlib.error):
            inside = b""
        return gzip.compress(_damaged(inside, file.with_suffix(".json"), rng), 1)
    if rng.random() < 0.5:
        return rng.choice(_BYTES)(data, rng)
    if file.suffix.lower() in (".json", ".g3") or data[:1] in (b"{", b"["):
        return _json(data, rng)
    if b"\0" in data[:2000]:
        return rng.choice(_BINARY)(data, rng)
    return rng.choice(_LINES)(data, rng)


# Bytes


def _cut(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _flip(data: bytes, rng: random.Random) -> bytes:
    broken = bytearray(data)
    for _ in range(rng.choice((1, 1, 5, 50)) if data else 0):
        broken[rng.randrange(len(broken))] = rng.randrange(256)
    return bytes(broken)


def _flip_start(data: bytes, rng: random.Random) -> bytes:
    return _flip(data[:64], rng) + data[64:]


def _insert(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.choice(INSERTS) + data[at:]


def _remove(data: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(data) + 1)
    return data[:start] + data[start + rng.choice((1, 3, 100, 5000)) :]


def _double(data: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(data) + 1)
    piece = data[start : start + rng.choice((1, 50, 5000))]
    return data[:start] + piece * rng.choice((2, 20)) + data[start:]


def _whole(data: bytes, rng: random.Random) -> bytes:
    return rng.choice(WHOLE)


def _zeros_at_end(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data) + 1)] + b"\0" * rng.choice((1, 4096))


_BYTES: list[Callable[[bytes, random.Random], bytes]] = [
    *(_cut, _cut, _flip, _flip, _flip_start, _insert, _remove, _double, _whole, _zeros_at_end)
]


# Numbers in binary files


def _number(data: bytes, rng: random.Random) -> bytes:
    """Put an extreme number where one may be."""
    form, value = rng.choice(
        (
            ("<q", rng.choice((-(2**63), 2**63 - 1, 0, -1, 2**62))),
            ("<d", rng.choice((float("nan"), float("inf"), 1e308, -1e308, 1e-320))),
            ("<f", rng.choice((float("nan"), float("inf"), 3e38, -3e38))),
            ("<i", rng.choice((-1, 2**31 - 1, -(2**31), 0))),
            (">I", rng.choice((2**32 - 1, 2**31, 0))),
        )
    )
    packed = struct.pack(form, value)
    at = rng.randrange(max(1, len(data) - 8))
    at -= at % rng.choice((1, 4, 8))
    return data[:at] + packed + data[at + len(packed) :]


def _shuffle_words(data: bytes, rng: random.Random) -> bytes:
    size = rng.choice((4, 8, 60))
    pieces = [data[start : start + size] for start in range(0, min(len(data), 50_000), size)]
    rng.shuffle(pieces)
    return b"".join(pieces) + data[50_000:]


def _grow(data: bytes, rng: random.Random) -> bytes:
    return data * rng.choice((2, 3)) if len(data) < 2**20 else data + data[:100]


def _nested(data: bytes, rng: random.Random) -> bytes:
    """Nest msgpack lists far too deep, or announce a huge one."""
    return rng.choice(
        (b"\x91" * _DEEP, b"\xdd\xff\xff\xff\xff" + data, b"\x81" * _DEEP, b"\xc9\xff\xff\xff\xff\x0d")
    )


_BINARY = [_number, _number, _number, _shuffle_words, _grow, _nested]


# Lines and cells


def _shuffle(data: bytes, rng: random.Random) -> bytes:
    lines = data.split(b"\n")
    rng.shuffle(lines)
    return b"\n".join(lines)


def _mark_of(line: bytes) -> bytes:
    return max((b"\t", b";", b","), key=line.count)


def _cell(data: bytes, rng: random.Random) -> bytes:
    lines = data.split(b"\n")
    for _ in range(rng.choice((1, 5))):
        number = rng.randrange(len(lines))
        mark = _mark_of(lines[number])
        cells = lines[number].split(mark)
        cells[rng.randrange(len(cells))] = rng.choice(CELLS)
        lines[number] = mark.join(cells)
    return b"\n".join(lines)


def _column(data: bytes, rng: random.Random) -> bytes:
    """Fill, swap, double or remove a column."""
    lines = data.split(b"\n")
    widest = max(lines, key=lambda line: line.count(_mark_of(line)))
    mark = _mark_of(widest)
    count = widest.count(mark) + 1
    one, other, how = rng.randrange(count), rng.randrange(count), rng.randrange(5)
    value, with_header = rng.choice(CELLS[:-9]), rng.random() < 0.3
    header = True
    for number, line in enumerate(lines):
        cells = line.split(mark)
        if len(cells) != count:
            continue
        touched, header = not header or with_header, False
        if how == 0 and touched:
            cells[one] = value
        elif how == 1 and touched:
            cells[one], cells[other] = cells[other], cells[one]
        elif how == 2:
            cells[one] = cells[other]
        elif how == 3:
            del cells[one]
        elif how == 4:
            cells.insert(one, value)
        lines[number] = mark.join(cells)
    return b"\n".join(lines)


def _header(data: bytes, rng: random.Random) -> bytes:
    """Give a name of the header to another column."""
    lines = data.split(b"\n")
    number = rng.randrange(min(len(lines), 6))
    mark = _mark_of(lines[number])
    cells = lines[number].split(mark)
    cells[rng.randrange(len(cells))] = rng.choice([*cells, b"", b"x"])
    lines[number] = mark.join(cells)
    return b"\n".join(lines)


def _encode(data: bytes, rng: random.Random) -> bytes:
    text = data.decode("utf-8", "replace")
    return text.encode(rng.choice(ENCODINGS), "replace")


def _endings(data: bytes, rng: random.Random) -> bytes:
    return data.replace(b"\r\n", b"\n").replace(b"\n", rng.choice((b"\r\n", b"\r", b"\n\n", b"\n\r")))


def _marks(data: bytes, rng: random.Random) -> bytes:
    mark = _mark_of(data[:5000])
    return data.replace(mark, rng.choice((b";", b"\t", b",", b"|", b" "))).replace(
        b".", rng.choice((b".", b","))
    )


def _rows(data: bytes, rng: random.Random) -> bytes:
    """Keep few rows, or none, or repeat them."""
    lines = data.split(b"\n")
    kept = lines[: rng.choice((1, 2, 3, 7))]
    return b"\n".join(kept if rng.random() < 0.6 else lines + lines[1:]) + b"\n"


_LINES = [_shuffle, _cell, _cell, _cell, _column, _column, _column, _header, _encode, _endings, _marks, _rows]


# JSON


def _odd_value(rng: random.Random) -> Any:
    return rng.choice(
        (
            *(None, True, -1, 0, 2**70, -(2**63), 1e308, float("nan"), float("inf"), "", "x", "A" * 100_000),
            *([], {}, [[]], {"": {}}, [None] * 3, ["x"] * 9, [1e400] * 9, "../../etc/passwd", "C:\\x", "a\0b", "\ud800"),
            *("9999-12-31T23:59:59Z", "0001-01-01T00:00:00+0000", "2023-13-45", "NaN", "1e400", 1.5, 10**400),
        )
    )  # fmt: skip


def _spoil(value: Any, rng: random.Random, depth: int = 0) -> Any:
    """Return the value with one thing in it replaced, removed or wrapped."""
    if isinstance(value, dict) and value and rng.random() < 0.85:
        key = rng.choice(list(value))
        if rng.random() < 0.1:
            return {name: one for name, one in value.items() if name != key}
        return value | {key: _spoil(value[key], rng, depth + 1)}
    if isinstance(value, list) and value and rng.random() < 0.7:
        at = rng.randrange(len(value))
        if rng.random() < 0.2:
            return rng.choice((value[:at], value * 2, [value], value[::-1]))
        return [*value[:at], _spoil(value[at], rng, depth + 1), *value[at + 1 :]]
    return _odd_value(rng)


def _json(data: bytes, rng: random.Random) -> bytes:
    """Spoil a document, or lines that are documents."""
    if rng.random() < 0.05:
        opening = rng.choice((b"[", b'{"a":', b'{"data":{"gaze2d":', b'{"ts":1,"gp":['))
        return opening * _DEEP
    lines = data.split(b"\n") if data.count(b"\n{") > 5 else [data]
    for _ in range(rng.choice((1, 1, 10))):
        at = rng.randrange(len(lines))
        try:
            lines[at] = json.dumps(_spoil(json.loads(lines[at]), rng)).encode("utf-8", "surrogatepass")
        except (ValueError, RecursionError):
            lines[at] = rng.choice(_BYTES)(lines[at], rng)
    return b"\n".join(lines)


def _bomb(rng: random.Random) -> bytes:
    """Return a small gzip file that unpacks to a large one."""
    return _packed(rng.choice((b"\0", b"\n", b"[", b"1,2,3,4\n")))


@cache
def _packed(piece: bytes) -> bytes:
    packer, block = zlib.compressobj(1, zlib.DEFLATED, 31), piece * (2**20 // len(piece))
    pieces = [packer.compress(block) for _ in range(_LARGE_MB)]
    return b"".join([*pieces, packer.flush()])


# Names


def _missing(file: Path, files: list[Path], rng: random.Random) -> None:
    file.unlink()


def _swapped(file: Path, files: list[Path], rng: random.Random) -> None:
    _rewrite(file, rng.choice(files).read_bytes())


def _renamed(file: Path, files: list[Path], rng: random.Random) -> None:
    name = rng.choice(
        (file.name.upper(), file.name + ".bak", "x" + file.name, "gaze.csv", file.stem, "Gäzé 👀.csv")
    )
    if not (file.parent / name).exists():
        file.rename(file.parent / name)


def _again(file: Path, files: list[Path], rng: random.Random) -> None:
    target = file.parent / f"{file.stem} (2){file.suffix}"
    if not target.exists():
        shutil.copyfile(file, target)


def _as_folder(file: Path, files: list[Path], rng: random.Random) -> None:
    file.unlink()
    file.mkdir()


_NAMES: list[Callable[[Path, list[Path], random.Random], None]] = [
    *(_missing, _missing, _swapped, _renamed, _again, _as_folder)
]


# Packing


def _zipped(folder: Path, rng: random.Random) -> Path:
    """Pack the folder, honestly or with what no zip should hold."""
    path = folder.with_name(folder.name + ".zip")
    files = sorted(one for one in folder.rglob("*") if one.is_file())
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for file in files:
            archive.write(file, file.relative_to(folder.parent).as_posix())
        name = rng.choice(
            ("", "", "../../out.csv", "/out.csv", "C:\\out.csv", "a/../../out.csv", "..\\out.csv", "a\0b")
        )
        if name:
            archive.writestr(name, "t,x\n")
        kind = rng.random()
        if kind < 0.1:
            link = zipfile.ZipInfo("link.csv")
            link.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(link, "/etc/passwd")
        elif kind < 0.2:
            with archive.open("bomb.csv", "w") as member:
                for _ in range(_LARGE_MB):
                    member.write(b"0" * 2**20)
        elif kind < 0.3:
            archive.writestr("/".join(["deep"] * 300) + "/gaze.csv", "t,x\n")
    if rng.random() < 0.4:
        path.write_bytes(rng.choice(_BYTES)(path.read_bytes(), rng))
    return path
