"""Files that are one endless line take no longer than their length: no pattern tries every end of it anew."""

from __future__ import annotations

import gzip
import shutil
import time

import pytest

from tests.fuzz.fuzz_importers import copy_linked, exercise
from tests.fuzz.samples import SAMPLES

MAX_S = 5.0
_LENGTH = 600_000
_SAME_FILES = (", parts", ", project", ", several", ", written")


def endless(content: bytes) -> list[bytes]:
    lines = content.split(b"\n")
    start, header = content[:9], lines[0]
    middle = lines[len(lines) // 2]
    cut = header.rfind(b",") + 1 or len(header) // 2
    spaces = header[:cut] + b" " * 60_000 + header[cut:]
    return [
        start * (_LENGTH // len(start)),
        middle * (_LENGTH // max(1, len(middle))),
        b"\n".join([spaces, *lines[1:]]),
        content.replace(b"\n", b" "),
    ]


@pytest.mark.parametrize("name", [name for name in SAMPLES if not name.endswith(_SAME_FILES)])
def test_endless_lines(tmp_path, name):
    sample = tmp_path / "sample"
    SAMPLES[name](sample)
    for file in sorted(path for path in sample.rglob("*") if path.is_file()):
        content = file.read_bytes()
        packed = content[:2] == b"\x1f\x8b"
        content = gzip.decompress(content) if packed else content
        if not content or b"\0" in content[:2000]:
            continue
        for number, changed in enumerate(endless(content)):
            copy = copy_linked(sample, tmp_path / "copy")
            target = copy / file.relative_to(sample)
            target.unlink()
            target.write_bytes(gzip.compress(changed, 1) if packed else changed)
            start = time.process_time()
            exercise(copy)
            assert time.process_time() - start < MAX_S, (file.name, number)
            shutil.rmtree(copy)


@pytest.mark.parametrize("name", ["tobii-glasses2, written", "tobii-glasses3, written"])
def test_millions_of_empty_lines(tmp_path, name):
    SAMPLES[name](tmp_path / "sample")
    packed = gzip.compress(b"\n" * 20_000_000, 1)
    for file in sorted((tmp_path / "sample").rglob("*")):
        if file.is_file() and file.read_bytes()[:2] == b"\x1f\x8b":
            file.write_bytes(packed)
    start = time.process_time()
    exercise(tmp_path / "sample")
    assert time.process_time() - start < MAX_S
