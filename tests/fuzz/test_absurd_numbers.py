"""One absurd number in each place of each file in turn."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fuzz.fuzz_importers import copy_linked, exercise
from tests.fuzz.samples import SAMPLES

HUGE = 10**400
_ROW = 20
_LARGEST = 200_000
_SAME_FILES = (", parts", ", project", ", several")  # as in another sample


def with_huge(value: Any, huge: Any = HUGE) -> Iterator[Any]:
    """Yield the document with a huge number for each scalar, and a number for each list and object, in turn."""
    if isinstance(value, dict):
        yield 5
        for key, inner in value.items():
            yield from (value | {key: changed} for changed in with_huge(inner, huge))
    elif isinstance(value, list):
        yield 5
        for at, inner in enumerate(value):
            yield from ([*value[:at], changed, *value[at + 1 :]] for changed in with_huge(inner, huge))
    else:
        yield huge
        if type(value) in (int, float):
            yield float("inf")


def with_absurd_cell(text: str, absurd: str) -> Iterator[str]:
    """Yield the table once for each column, with an absurd number in one row."""
    lines = text.splitlines()
    number = min(_ROW, len(lines) - 1)
    mark = max("\t;,", key=lines[number].count)
    cells = lines[number].split(mark)
    for at in range(len(cells)):
        changed = mark.join([*cells[:at], absurd, *cells[at + 1 :]])
        yield "\n".join([*lines[:number], changed, *lines[number + 1 :]]) + "\n"


def variants(content: bytes) -> Iterator[bytes]:
    if content[:2] == b"\x1f\x8b":
        lines = gzip.decompress(content).split(b"\n")
        number = min(_ROW, len(lines) - 2)
        if lines[number][:1] == b"{":
            for changed in with_huge(json.loads(lines[number]), 1e308):
                text = b"\n".join([*lines[:number], json.dumps(changed).encode(), *lines[number + 1 :]])
                yield gzip.compress(text, 1)
        return
    if b"\0" in content[:2000] or len(content) > _LARGEST:
        return
    try:
        document = json.loads(content)
    except ValueError:
        text = content.decode("utf-8", "replace")
        if text.count("\n") > 2:
            for absurd in ("1e308", "-9223372036854775808"):
                yield from (changed.encode() for changed in with_absurd_cell(text, absurd))
    else:
        yield from (json.dumps(changed).encode() for changed in with_huge(document))


@pytest.mark.parametrize("name", [name for name in SAMPLES if not name.endswith(_SAME_FILES)])
def test_one_absurd_number(tmp_path, name):
    sample = tmp_path / "sample"
    SAMPLES[name](sample)
    for file in sorted(path for path in sample.rglob("*") if path.is_file()):
        for number, content in enumerate(variants(file.read_bytes())):
            copy = copy_linked(sample, tmp_path / "copy")
            changed = copy / file.relative_to(sample)
            changed.unlink()
            changed.write_bytes(content)
            try:
                exercise(copy)
            except Exception as error:
                raise AssertionError(f"{file.name}, variant {number}") from error
            shutil.rmtree(copy)
