"""Synthetic clocks with known offset, drift and jitter: the truth must lie within the stated uncertainty."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from gazestudy.alignment import SECOND_PER_DAY_PPM, align_by_events, align_by_pulses, align_by_wall_clock
from gazestudy.errors import ParameterError
from gazestudy.model.alignment import ClockAlignment

S = 1_000_000_000
START = 1_700_000_000 * S


class Clocks:
    """A source clock and a target clock that runs `drift_ppm` faster and is `offset_ns` ahead at the start."""

    def __init__(self, rng: np.random.Generator, *, drift_ppm: float = 20.0, offset_s: float = 3e6) -> None:
        self.rng = rng
        self.start = START + int(rng.integers(0, S))
        self.drift = rng.uniform(-drift_ppm, drift_ppm) * 1e-6
        self.offset = int(rng.uniform(-offset_s, offset_s) * 1e9)

    def target(self, source: NDArray[np.int64]) -> NDArray[np.int64]:
        since = source - self.start
        return since + np.rint(since * self.drift).astype(np.int64) + self.start + self.offset

    def pulses(
        self, count: int, *, missing: float, spurious: float, jitter_ms: float, every_s: float = 10.0
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Trains of both clocks: uneven steps, pulses missing and added on each side on its own."""
        true = self.start + np.cumsum(self.rng.uniform(0.3, 1.7, count) * every_s * S).astype(np.int64)
        trains = []
        there = self.rng.random((2, count)) >= missing
        self.common = int(there.all(axis=0).sum())
        for times, seen in zip((true, self.target(true)), there, strict=True):
            kept = times[seen]
            kept = kept + np.rint(self.rng.normal(0, jitter_ms * 1e6, len(kept))).astype(np.int64)
            added = self.rng.integers(times[0], times[-1], round(spurious * count))
            trains.append(np.sort(np.concatenate([kept, added])))
        return trains[0], trains[1]

    def errors(self, made: ClockAlignment, at: NDArray[np.int64]) -> tuple[np.ndarray, np.ndarray]:
        """True error, ms, and stated uncertainty, ms."""
        found, uncertainty_ms = made.to_target(at)
        return np.abs(found - self.target(at)) / 1e6, uncertainty_ms


SHARES = {0.95: (0.915, 1.0), 0.8: (0.73, 0.87)}
"""How often the truth must be covered, for 200 tries and more; the upper end forbids uncertainties that say nothing."""


@pytest.mark.parametrize("confidence", [0.95, 0.8])
def test_pulses_cover_the_truth(confidence):
    covered, inside, beyond = [], [], []
    for seed in range(200):
        clocks = Clocks(np.random.default_rng(seed))
        source, target = clocks.pulses(60, missing=0.15, spurious=0.15, jitter_ms=3.0)
        made = align_by_pulses(source, target, confidence=confidence)
        at = np.array([made.reference_ns, made.first_ns, made.last_ns + 3600 * S])
        error, stated = clocks.errors(made, at)
        covered.append(error <= stated)
        inside.append(stated[0])
        beyond.append(stated[2])
        assert 30 <= made.evidence["matched"] <= 60
    low, high = SHARES[confidence]
    shares = np.mean(covered, axis=0)
    assert (shares >= low).all(), shares
    assert (shares <= high).all(), shares
    assert np.median(inside) < 1.5  # ms: 45 pulses with 4 ms of jitter together
    assert np.median(beyond) > 3 * np.median(inside)  # grows outside the evidence


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_events_cover_the_truth(count):
    """Errors of 300 ms at 95 % as stated; drift within the stated bound at 95 %."""
    covered = []
    for seed in range(500):
        rng = np.random.default_rng(seed)
        clocks = Clocks(rng)
        clocks.drift = rng.normal(0, 50e-6 / 1.96)
        true = np.sort(clocks.start + rng.integers(0, 1800 * S, count))
        written = clocks.target(true) + np.rint(rng.normal(0, 300e6 / 1.96, count)).astype(np.int64)
        names = [f"event {k}" for k in range(count)]
        made = align_by_events(true, names, written, names, near_ns=(clocks.offset, 30 * S))
        at = np.array([made.reference_ns, clocks.start, clocks.start + 7200 * S])
        error, stated = clocks.errors(made, at)
        covered.append(error <= stated)
    shares = np.mean(covered, axis=0)
    assert (shares >= 0.925).all(), shares


def test_events_with_larger_errors_than_stated_are_noticed():
    covered, stated_ms = [], []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        clocks = Clocks(rng)
        true = np.sort(clocks.start + rng.integers(0, 1800 * S, 12))
        written = clocks.target(true) + np.rint(rng.normal(0, 80e6, 12)).astype(np.int64)
        names = [f"{k}" for k in range(12)]
        made = align_by_events(true, names, written, names, reading_ms=80.0)
        error, stated = clocks.errors(made, np.array([clocks.start + 900 * S]))
        covered.append(error <= stated)
        stated_ms.append(stated[0])
    assert np.mean(covered) >= 0.9
    assert np.median(stated_ms) > 30


@pytest.mark.parametrize("unit_s", [1, 60])
def test_times_cut_to_whole_seconds_or_minutes_are_covered(unit_s):
    covered = []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        clocks = Clocks(rng)
        true = np.sort(clocks.start + rng.integers(0, 3600 * S, 6))
        unit = unit_s * S
        written = clocks.target(true) // unit * unit
        names = list("abcdef")
        made = align_by_events(true, names, written, names)
        error, stated = clocks.errors(made, np.array([clocks.start + 1800 * S]))
        covered.append(error <= stated)
        assert made.evidence["unit_ms"] >= unit_s * 1000
    assert np.mean(covered) >= 0.95


def test_names_that_repeat_and_differ_in_number():
    """Three claps on one side, two on the other; one event that the other clock does not know."""
    clocks = Clocks(np.random.default_rng(3))
    source = clocks.start + np.array([0, 11, 60, 95, 400]) * S
    names = ["clap", "clap", "train", "clap", "door"]
    target = clocks.target(source)[[1, 2, 3]] + np.array([50_123_457, -20_000_011, 10_000_003])
    made = align_by_events(source, names, target, [" Clap", "TRAIN", "clap "])
    assert [pair["source_ns"] for pair in made.evidence["pairs"]] == source[[1, 2, 3]].tolist()
    assert made.evidence["source_unmatched"] == [{"name": "clap", "t_ns": int(source[0])}]
    error, stated = clocks.errors(made, source)
    assert (error <= stated).all()


def test_one_wrong_event_of_many_is_left_out_and_named():
    clocks = Clocks(np.random.default_rng(4))
    source = clocks.start + np.array([3, 100, 250, 431, 700]) * S + 123_456_789
    target = clocks.target(source)
    target[2] += 37 * S
    names = list("abcde")
    made = align_by_events(source, names, target, names)
    assert [pair["name"] for pair in made.evidence["pairs"]] == ["a", "b", "d", "e"]
    assert [one["name"] for one in made.evidence["target_unmatched"]] == ["c"]
    error, stated = clocks.errors(made, source)
    assert (error <= stated).all()


def test_events_that_contradict_each_other_are_refused():
    source = np.array([0, 100 * S])
    with pytest.raises(ParameterError, match="contradict"):
        align_by_events(source, ["a", "b"], source + np.array([5 * S, 25 * S]), ["a", "b"])
    with pytest.raises(ParameterError, match="other clock has, too: x"):
        align_by_events(source, ["a", "b"], source[:1], ["x"])
    with pytest.raises(ParameterError, match="no events"):
        align_by_events(source, ["a", "b"], source[:0], [])


@pytest.mark.parametrize(("missing", "spurious"), [(0.0, 0.0), (0.3, 0.0), (0.0, 0.5), (0.3, 0.3)])
def test_missing_and_spurious_pulses(missing, spurious):
    for seed in range(6):
        clocks = Clocks(np.random.default_rng(seed), drift_ppm=45.0)
        source, target = clocks.pulses(200, missing=missing, spurious=spurious, jitter_ms=1.0)
        made = align_by_pulses(source, target, tolerance_ms=10.0)
        error, _ = clocks.errors(made, np.array([made.first_ns, made.last_ns]))
        assert error.max() < 2.0
        assert abs(made.drift_ppm - clocks.drift * 1e6) < 1.0
        counts = made.evidence
        assert counts["matched"] + counts["source_unmatched"] == len(source)
        assert clocks.common <= counts["matched"] <= clocks.common + 4  # chance meetings of added ones


def test_even_pulses_are_refused_without_an_expectation():
    rng = np.random.default_rng(1)
    clocks = Clocks(rng)
    true = clocks.start + np.arange(100) * 10 * S
    target = clocks.target(true)[3:] + rng.integers(-500_000, 500_000, 97)
    with pytest.raises(ParameterError, match=r"far better than others.*near"):
        align_by_pulses(true, target)
    made = align_by_pulses(true, target, near_ns=(clocks.offset + 2 * S, 4 * S))
    assert made.evidence["matched"] == 97
    error, stated = clocks.errors(made, true)
    assert (error <= stated).all()


def test_unrelated_pulses_are_refused():
    for seed in range(20):
        rng = np.random.default_rng(seed)
        source, target = (np.sort(START + rng.integers(0, 3600 * S, 100)) for _ in range(2))
        with pytest.raises(ParameterError, match=r"right channel|far better"):
            align_by_pulses(source, target)


@pytest.mark.parametrize("lengths", [(0, 5), (5, 0), (2, 2)])
def test_too_few_pulses(lengths):
    source, target = (START + np.arange(n) ** 2 * S for n in lengths)
    with pytest.raises(ParameterError, match="pulses"):
        align_by_pulses(source.astype(np.int64), target.astype(np.int64))


def test_too_many_pairs_are_refused_and_an_expectation_helps():
    clocks = Clocks(np.random.default_rng(2))
    source, target = clocks.pulses(3000, missing=0.1, spurious=0.1, jitter_ms=1.0, every_s=1.0)
    with pytest.raises(ParameterError, match="expected offset"):
        align_by_pulses(source, target)
    made = align_by_pulses(source, target, near_ns=(clocks.offset, 20 * S))
    assert clocks.errors(made, source)[0].max() < 1.0


def test_wall_clocks_cover_drift_within_the_bound():
    for seed in range(500):
        rng = np.random.default_rng(seed)
        bound, other = 2 * SECOND_PER_DAY_PPM, 0.5 * SECOND_PER_DAY_PPM
        first, second = rng.uniform(-bound, bound) * 1e-6, rng.uniform(-other, other) * 1e-6
        set_first, set_second = START - int(rng.integers(0, 5 * 86_400)) * S, START - 3600 * S
        off_first, off_second = rng.integers(-100_000_000, 100_000_000, 2)
        # Both clocks as functions of the true time.
        true = START + np.array([0, 1800, 7200]) * S
        source = true + off_first + np.rint((true - set_first) * first).astype(np.int64)
        target = true + off_second + np.rint((true - set_second) * second).astype(np.int64)
        made = align_by_wall_clock(
            source_to_unix_ns=0,
            synchronised_unix_ns=set_first,
            drift_bound_ppm=bound,
            target_synchronised_unix_ns=set_second,
            target_drift_bound_ppm=other,
            target_synchronisation_ms=100.0,
        )
        found, stated = made.to_target(source)
        assert (np.abs(found - target) / 1e6 <= stated * 1.0001).all()
        assert (np.diff(stated) > 0).all()


def test_one_second_per_day_is_one_second_after_a_day():
    made = align_by_wall_clock(
        source_to_unix_ns=START,
        synchronised_unix_ns=START,
        drift_bound_ppm=SECOND_PER_DAY_PPM,
        synchronisation_ms=0.0,
    )
    t_ns, uncertainty_ms = made.to_target(np.array([0, 86_400 * S, -86_400 * S]))
    assert t_ns.tolist() == [START, START + 86_400 * S, START - 86_400 * S]
    np.testing.assert_allclose(uncertainty_ms, [0, 1000, 1000], atol=1e-9)


def test_there_and_back_again():
    made = ClockAlignment("pulses", START, -(10**15) - 1, 37.5, 1.0)
    t_ns = START + np.random.default_rng(0).integers(-(10**14), 10**14, 1000)
    there, _ = made.to_target(t_ns)
    back, _ = made.to_source(there)
    assert np.abs(back - t_ns).max() <= 1
    assert ClockAlignment.from_dict(made.to_dict()) == made


@pytest.mark.parametrize(
    "settings", [{"tolerance_ms": 0}, {"tolerance_ms": np.nan}, {"confidence": 1.0}, {"reading_ms": -1.0}]
)
def test_senseless_settings(settings):
    times = np.arange(5, dtype=np.int64) ** 2 * S
    with pytest.raises(ParameterError):
        align_by_pulses(times, times, **settings)


def test_senseless_limits():
    with pytest.raises(ParameterError, match="0 or more"):
        align_by_wall_clock(source_to_unix_ns=0, synchronised_unix_ns=0, drift_bound_ppm=-1.0)
    with pytest.raises(ParameterError, match="when the other clock was set"):
        align_by_wall_clock(
            source_to_unix_ns=0, synchronised_unix_ns=0, drift_bound_ppm=1.0, target_drift_bound_ppm=1.0
        )
