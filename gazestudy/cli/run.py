"""`gazestudy run`: detect, map and measure whatever changed."""

from __future__ import annotations

from typing import Annotated

import typer

from gazestudy.cli.console import AsJson, Console, Quiet, Settings, StudyPath, parse_settings


def run(
    study: StudyPath,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Recordings mapped at the same time.")] = 1,
    method: Annotated[
        str, typer.Option("--method", help="Detector; see gazestudy list detectors.")
    ] = "world_ivt",
    own_mapping: Annotated[
        bool, typer.Option("--own-mapping", help="Leave imported mappings aside and use our own.")
    ] = False,
    settings: Settings = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Detect gaze events, map gaze onto placements and measure attention; only what changed is repeated.

    For people who walk, the turning of the head is taken out of the gaze first (world_ivt), as the gyroscope
    or the scene video tells it. With --method ivt, I-VT is set to Tobii's "I-VT (Attention)":
    threshold_deg_s=100, max_gap_ms=0, noise_reduction=median, noise_window_samples=3. Any of it can be
    changed with --set.
    """
    from gazestudy.model.wording import counted
    from gazestudy.pipeline.analysis import Settings as StepSettings
    from gazestudy.pipeline.run import run_study
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    with open_study(study) as opened, console.progress() as progress:
        outcomes = run_study(
            opened,
            StepSettings(
                detector=method,
                detector_parameters=parse_settings(settings),
                prefer_imported=not own_mapping,
            ),
            jobs=jobs,
            progress=progress,
        )
    made = [outcome for outcome in outcomes if outcome.made]
    console.document([outcome.to_dict() for outcome in outcomes])
    for outcome in made:
        console.say(f"{outcome.recording_id}  {outcome.step}: {outcome.summary}")
    for outcome in outcomes:
        if outcome.warning:
            console.warn(f"{outcome.recording_id}: {outcome.warning}")
    if not outcomes:
        console.say(f"no recordings yet: gazestudy import {study} RECORDING")
    elif not made:
        console.say(f"nothing changed: all {len(outcomes)} results are up to date")
    else:
        console.say(f"{counted(len(made), 'result')} made, {len(outcomes) - len(made)} were up to date")
