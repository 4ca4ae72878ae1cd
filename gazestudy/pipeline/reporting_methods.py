"""What a report says about methods: steps with all parameters, and everything it was made from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pandas as pd

from gazestudy.heatmaps import HeatmapData
from gazestudy.model import provenance_of
from gazestudy.model.recording import SourceFile
from gazestudy.report import MethodFacts
from gazestudy.store import Study


def method_facts(
    study: Study, cases: pd.DataFrame | None, heatmaps: Mapping[str, HeatmapData]
) -> tuple[MethodFacts, ...]:
    """Return every step with its parameters, and every source with its hash.

    Parameters
    ----------
    study : Study
        The study.
    cases : DataFrame or None
        Attention beside memory, with its provenance.
    heatmaps : mapping of str to HeatmapData
        By placement.

    Returns
    -------
    tuple of MethodFacts
        Recordings that were treated alike share one entry.
    """
    found: dict[tuple[str, tuple[tuple[str, str], ...]], list[str]] = {}
    for recording in study.recordings():
        for step in ("events", "mapping", "attention"):
            derived = study.current(recording.id, step)
            if derived is None:
                continue
            facts = derived.provenance
            title = f"{facts.get('step', step)}, version {facts.get('version', '?')}"
            pairs = tuple((name, plain(value)) for name, value in (facts.get("parameters") or {}).items())
            rules = (facts.get("facts") or {}).get("rules") or {}
            pairs += tuple((f"rule: {name}", plain(value)) for name, value in rules.items())
            found.setdefault((title, pairs), []).append(recording.id)
    steps = [
        MethodFacts(title, (("recordings", ", ".join(names)), *pairs))
        for (title, pairs), names in found.items()
    ]
    return (*steps, *_derived(cases, heatmaps), *_sources(study))


def _derived(cases: pd.DataFrame | None, heatmaps: Mapping[str, HeatmapData]) -> Iterator[MethodFacts]:
    """Yield the parameters of what is made of all recordings together."""
    made = None if cases is None else provenance_of(cases)
    if made is not None:
        pairs = [(name, plain(value)) for name, value in made["parameters"].items()]
        pairs += [(f"rule: {name}", plain(value)) for name, value in made["facts"].get("rules", {}).items()]
        yield MethodFacts(f"{made['step']}, version {made['version']}", tuple(pairs))
    if heatmaps:
        first = next(iter(heatmaps.values()))
        kernels = "; ".join(f"{key}: {one.kernel.describe()}" for key, one in heatmaps.items())
        weighting = str(first.facts()["weighting_in_words"])
        yield MethodFacts("heatmaps", (("weighting", weighting), ("kernel", kernels)))


def _sources(study: Study) -> Iterator[MethodFacts]:
    """Yield what everything was made from: recordings, pictures, logs and interviews, with their hashes."""
    recordings = []
    for one in study.recordings():
        version = study.report(one.id).get("importer_version", "")
        recordings.append((one.id, f"{one.device}; {one.importer} {version}; sha256 {one.sha256}"))
    creatives = [one for placement in study.placements() for one in placement.creatives]
    logs = _hashes(file for one in study.field_logs() for file in one.sources)
    talks = _hashes(file for files in study.interview_sources().values() for file in files)
    for title, pairs in (
        ("sources: recordings", recordings),
        ("sources: pictures of placements", [(one.id, f"sha256 {one.sha256}") for one in creatives]),
        ("sources: field logs", logs),
        ("sources: interviews", talks),
    ):
        if pairs:
            yield MethodFacts(title, tuple(pairs))


def _hashes(files: Iterable[SourceFile]) -> list[tuple[str, str]]:
    """Return each file once, with its hash."""
    return list(dict.fromkeys((one.path, f"sha256 {one.sha256}") for one in files))


def plain(value: Any) -> str:
    """Return a parameter in words.

    Examples
    --------
    >>> plain("planar"), plain(None), plain([1, 2])
    ('planar', 'null', '[1, 2]')
    """
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)
