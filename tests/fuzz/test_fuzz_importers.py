"""A short run of the fuzzer, and content made up by hypothesis; the long run is `fuzz_importers.py`."""

from __future__ import annotations

import json
import os
import random
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from gazestudy.importers import build_report, find_recordings, list_importers, read_candidate
from tests.fuzz.fuzz_importers import MAX_MB, MAX_S, copy_linked, exercise, fuzz
from tests.fuzz.mutations import mutate
from tests.fuzz.samples import REAL, SAMPLES

MUTATIONS = 20
EXAMPLES = int(os.environ.get("GAZESTUDY_FUZZ_EXAMPLES", "10"))
_LARGEST = 200_000  # larger files are not made up anew

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.just("2023-01-01T00:00:00Z"),
)
documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
cells = st.one_of(
    st.integers(-(2**70), 2**70).map(str),
    st.floats().map(repr),
    st.text(st.characters(exclude_characters="\n\r\0", codec="utf-8"), max_size=8),
    st.sampled_from(["", "1,5", "nan", "True", "0", "1"]),
)


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """Samples by name, each written when it is first asked for."""
    root, made = tmp_path_factory.mktemp("samples"), {}

    def get(name: str) -> Path:
        if name not in made:
            made[name] = root / name.replace(", ", "-")
            SAMPLES[name](made[name])
        return made[name]

    return get


@pytest.mark.skipif(not REAL.is_dir(), reason="the shared sample recordings are not here")
def test_every_importer_has_a_sample():
    assert {info.name for info in list_importers()} == {name.split(",")[0] for name in SAMPLES}


@pytest.mark.parametrize("name", list(SAMPLES))
def test_samples_are_whole(samples, name):
    """Otherwise mutations would try the refusal of nonsense only."""
    for candidate in find_recordings(samples(name)):
        assert candidate.importer == name.split(",")[0]
        report = build_report(read_candidate(candidate))
        assert report.gaze_samples > 0 or name == "smi-begaze, events"


@pytest.fixture(autouse=True)
def loops(request, monkeypatch):
    """Lines of JSON are read by compiled loops in some samples, by the parser in others."""
    written = str(getattr(request.node, "callspec", None) and request.node.callspec.params.get("name"))
    limit = 0 if written.endswith("written") else 2**60
    monkeypatch.setattr("gazestudy.importers.recordings.tobii.json_lines.COMPILED_FROM_BYTES", limit)


@pytest.mark.parametrize("name", list(SAMPLES))
def test_damaged_recordings_end_in_one_clear_line(samples, tmp_path, name):
    for number in range(MUTATIONS):
        copy = copy_linked(samples(name), tmp_path / "copy")
        path = mutate(copy, random.Random(f"{name} short {number}"))
        try:
            exercise(path)
        except Exception as error:
            raise AssertionError(f"mutation {number} of {name}") from error
        shutil.rmtree(copy)
        if path.suffix == ".zip":
            path.unlink()


@pytest.mark.parametrize("name", list(SAMPLES))
def test_made_up_content_ends_in_one_clear_line(samples, tmp_path, name):
    sample = samples(name)
    files = sorted(
        path.relative_to(sample)
        for path in sample.rglob("*")
        if path.is_file() and path.stat().st_size < _LARGEST and path.suffix not in (".mp4", ".wmv")
    )

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=timedelta(seconds=MAX_S),
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],  # making failures smaller takes minutes
    )
    @given(st.data())
    def run(data):
        copy = copy_linked(sample, tmp_path / "copy")
        try:
            file = copy / data.draw(st.sampled_from(files))
            content = made_up(file.read_bytes(), data)
            file.unlink()
            file.write_bytes(content)
            exercise(copy)
        finally:
            shutil.rmtree(copy)

    run()


def made_up(content: bytes, data) -> bytes:
    """Return new content that keeps what the file is: an object with some of its keys, a table with its header."""
    if content[:1] == b"{" and content.count(b"\n{") < 5:
        try:
            known = json.loads(content)
        except ValueError:
            known = {}
        key = data.draw(st.sampled_from(sorted(known) or [""]))
        return json.dumps(known | {key: data.draw(documents)}).encode("utf-8", "surrogatepass")
    if b"\0" in content[:2000] or content[:2] == b"\x1f\x8b":
        keep = data.draw(st.sampled_from([0, 8, 64, len(content) // 2]))
        return content[:keep] + data.draw(st.binary(max_size=300))
    lines = content.decode("utf-8", "replace").splitlines()
    if len(lines) < 2:
        return data.draw(st.binary(max_size=100))
    mark = max("\t;,", key=lines[-1].count)
    width = lines[-1].count(mark) + 1
    row = st.lists(cells, min_size=width, max_size=width).map(mark.join)
    start = data.draw(st.integers(0, min(len(lines), 12)))
    made = data.draw(st.lists(row, max_size=6))
    return "\n".join([*lines[:start], *made, *lines[start : start + 5]]).encode("utf-8")


def test_the_long_run_counts_and_limits(samples):
    outcome = fuzz(samples("table, written"), "table, written", 1, range(12))
    assert outcome.runs == 12
    assert outcome.read + outcome.refused == 12
    assert outcome.failures == {}
    assert 0 < outcome.slowest_s < MAX_S
    assert outcome.peak_mb < MAX_MB
