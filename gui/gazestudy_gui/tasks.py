"""What jobs do: functions for a child process that open the study, call the pipeline, return plain values."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from gazestudy.progress import Progress
from gazestudy.store import Study, open_delegated, open_study


class Telling(Progress, Protocol):
    """Progress that also takes lines for a log."""

    def say(self, text: str) -> None:
        """Write a line into the log of the job."""


def run_recordings(
    study: str,
    token: str,
    *,
    detector: str = "",
    detector_parameters: Mapping[str, Any] | None = None,
    mapper: str = "",
    progress: Telling,
) -> dict[str, Any]:
    """Detect gaze events, map gaze and measure attention where results are missing or out of date."""
    from gazestudy.pipeline.analysis import Settings
    from gazestudy.pipeline.run import run_study

    usual = Settings()
    settings = dataclasses.replace(
        usual,
        detector=detector or usual.detector,
        detector_parameters=detector_parameters or {},
        mapper=mapper or usual.mapper,
    )
    with _writing(study, token) as opened:
        outcomes = run_study(opened, settings, progress=progress)
    for outcome in outcomes:
        progress.say(f"{outcome.recording_id}  {outcome.step}: {outcome.summary}")
    return {"made": sum(outcome.made for outcome in outcomes), "steps": len(outcomes)}


def import_recordings(
    study: str, token: str, *, items: Sequence[Mapping[str, Any]], progress: Telling
) -> list[dict[str, Any]]:
    """Import recordings that a person chose; one that fails does not keep the others away."""
    from gazestudy.pipeline.surveying import Wish, import_wish

    done: list[dict[str, Any]] = []
    with _writing(study, token) as opened:
        for number, item in enumerate(items, start=1):
            wish = Wish(**item)
            progress.say(f"{number}/{len(items)}  {wish.name}")
            row = import_wish(opened, wish, progress=progress)
            progress.say(row["text"])
            done.append(row)
    return done


def load_sample(study: str, token: str, *, progress: Telling) -> dict[str, Any]:
    """Put the sample placements and sessions into a new study."""
    from gazestudy import resources
    from gazestudy.pipeline.demo import load_sessions

    with _writing(study, token) as opened:
        load_sessions(opened, resources.find("sample_sessions"), say=progress.say, progress=progress)
        return {"recordings": len(opened.recordings())}


def export_heatmap(
    study: str, *, out: str, choice: Mapping[str, Any], language: str = "en", progress: Telling
) -> dict[str, Any]:
    """Write one heatmap as it is shown."""
    from gazestudy.pipeline.heatmap_choice import HeatmapChoice
    from gazestudy.pipeline.heatmap_views import export_choice
    from gazestudy_gui.phrases import translate_figure

    progress.start("drawing the heatmap", None)
    with open_study(study, read_only=True) as opened:
        export_choice(
            opened, HeatmapChoice(**choice), Path(out), finish=partial(translate_figure, code=language)
        )
    progress.say(out)
    return {"file": out}


def export_all_heatmaps(
    study: str,
    *,
    out: str,
    choice: Mapping[str, Any],
    formats: Sequence[str],
    language: str = "en",
    progress: Telling,
) -> dict[str, Any]:
    """Write the heatmaps of all placements with the filters and the style of one."""
    from gazestudy.pipeline.heatmap_choice import HeatmapChoice
    from gazestudy.pipeline.heatmap_views import export_choices
    from gazestudy_gui.phrases import translate_figure

    with open_study(study, read_only=True) as opened:
        table = export_choices(
            opened, HeatmapChoice(**choice), Path(out), formats=formats, progress=progress,
            finish=partial(translate_figure, code=language),
        )  # fmt: skip
    for row in table.to_dict("records"):
        progress.say(f"{row['placement_id']}  {row['files'] or row['notes']}")
    return {"maps": int((table["files"] != "").sum()), "folder": out}


def check(study: str, *, progress: Telling) -> list[str]:
    """Check every file of the study against its hash."""
    from gazestudy.store import check_study

    return [str(problem) for problem in check_study(study, full=True, progress=progress)]


def find_moved_videos(study: str, *, place: str, progress: Telling) -> list[dict[str, Any]]:
    """Look where the scene videos are that are not where they were."""
    from gazestudy.pipeline.relinking import find_moved

    with open_study(study, read_only=True) as opened:
        found = find_moved(opened.missing_media(), Path(place), progress=progress)
    return [
        {"recording": recording_id, "video": position, "place": str(path)}
        for (recording_id, position), path in found.items()
    ]


def _writing(study: str, token: str) -> Study:
    return open_delegated(study, token)


def look(
    paths: Sequence[str], columns: str | None, study: str = "", *, progress: Telling
) -> dict[str, list[dict[str, Any]]]:
    """Look what lies in some folders, and when somebody observed at the stations of a study."""
    from gazestudy.pipeline.meanwhile import watches
    from gazestudy.pipeline.surveying import survey

    found = survey(
        [Path(path) for path in paths], columns=Path(columns) if columns else None, progress=progress
    )
    watched: list[dict[str, Any]] = []
    if study:
        with open_study(study, read_only=True) as opened:
            watched = [dataclasses.asdict(one) for one in watches(opened)]
    return {"found": [dataclasses.asdict(one) for one in found], "watches": watched}
