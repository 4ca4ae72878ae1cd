"""What pictures of the desktop show besides the sample study: AOIs, a plan, odd tables, marks of a phone."""

from __future__ import annotations

import shutil
from pathlib import Path

PLACEMENT = "pillar-poster"
_ASSUMED = """
assumptions:
  - {term: passages_per_min, value: 9, low: 6, high: 12, replaces: true, source: "REPLACE: made up"}
  - {term: exposed, value: 0.6, low: 0.4, high: 0.8, replaces: true, source: "REPLACE: made up"}
  - {term: exposed, placement: hall-wrap, value: 0.85, low: 0.7, high: 0.95, replaces: true,
     source: "REPLACE: made up"}
  - {term: exposed, placement: escalator-banner, value: 0.3, low: 0.1, high: 0.5, replaces: true,
     source: "REPLACE: made up"}
  - {term: clear, value: 0.7, low: 0.6, high: 0.8, replaces: true, source: "REPLACE: made up"}
  - {term: noticed, value: 0.5, low: 0.3, high: 0.7, replaces: true, source: "REPLACE: made up"}
"""
"""Four people in glasses leave much unknown; without this there would be no budget to see."""


def furnish(study: Path) -> None:
    """Add AOIs, the plan of the station and a strategy, so that there is something to see."""
    from gazestudy import resources
    from gazestudy.pipeline.strategy.document import write_template
    from gazestudy.store import open_study

    with open_study(study) as opened:
        width, height = opened.placement(PLACEMENT).size_px
        box = [(0.1, 0.1), (0.9, 0.1), (0.9, 0.35), (0.1, 0.35)]
        opened.add_aoi(PLACEMENT, "Headline", [(x * width, y * height) for x, y in box])
        slope = [(0.2, 0.6), (0.8, 0.55), (0.7, 0.9), (0.25, 0.85)]
        opened.add_aoi(PLACEMENT, "สินค้า", [(x * width, y * height) for x, y in slope])
        path = write_template(opened)
    path.write_text(path.read_text(encoding="utf-8") + _ASSUMED, encoding="utf-8")
    for name in ("plan.png", "places.csv"):
        shutil.copy(resources.find("sample_sessions") / "fieldlogs" / name, study / name)


def odd_table(temporary: Path) -> Path:
    """Return a folder with a table whose columns have names that say nothing, and its video."""
    import pandas as pd

    from gazestudy import resources

    source = resources.find("sample_sessions") / "recordings" / "p03-generic-table"
    folder = temporary / "other glasses"
    folder.mkdir(exist_ok=True)
    table = pd.read_csv(source / "gaze.tsv", sep="\t")
    table = table.rename(columns={"norm_pos_x": "links", "norm_pos_y": "oben", "confidence": "k"})
    table.to_csv(folder / "values.csv", index=False)
    shutil.copy(source / "worldCamera.mp4", folder)
    return folder


def phone_marks(temporary: Path, sessions: Path) -> Path:
    """Return a table of times of a phone whose clock is 3.25 s ahead."""
    import pandas as pd

    events = pd.read_csv(sessions / "p01-pupil-cloud-neon" / "events.csv")
    times = events["timestamp [ns]"] / 1e9 + 3.25
    path = temporary / "phone.csv"
    marks = pd.DataFrame({"time [s]": times.map("{:.3f}".format), "name": events["name"]})
    marks.to_csv(path, index=False)
    return path
