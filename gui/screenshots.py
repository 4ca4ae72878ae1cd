"""Pictures of every window and dock: light and dark, English and Thai, at 100 % and 200 %.

    python gui/screenshots.py FOLDER [--study STUDY] [--only PART] [--scheme S] [--language L] [--scale N]
    python gui/screenshots.py FOLDER --readme      the three pictures of the README, smaller

Without a study the sample study is made first, which takes some minutes. `screenshot_tour.py` says what is
on each picture.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).resolve().parent))

_SCREEN = {
    "synchronousWindowSystemEvents": False,
    "windowFrameMargins": True,
    "screens": [
        {"name": "screen", "x": 0, "y": 0, "width": 3840, "height": 2400}
        | {"logicalDpi": 96, "logicalBaseDpi": 96, "dpr": 1}
    ],
}
SCALES, SCHEMES, LANGUAGES = ("100", "200"), ("light", "dark"), ("en", "th")
_COLOURS, _MOST_BYTES = (256, 192, 160, 128, 96), 150_000
README = (
    ("study", "study", "en", "light"),
    ("study-placements", "placements", "en", "dark"),
    ("study-heatmaps", "heatmaps", "th", "light"),
)
"""Pictures of the README: part of the tour, file, language, scheme."""


def main() -> None:
    """Make the pictures, one process for each combination."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--study", type=Path)
    parser.add_argument("--only", default="", help="only parts whose name begins so")
    parser.add_argument("--readme", action="store_true")
    parser.add_argument("--scale", choices=SCALES)
    parser.add_argument("--scheme", choices=SCHEMES)
    parser.add_argument("--language", choices=LANGUAGES)
    parser.add_argument("--just-one", action="store_true", help="stop at the first picture")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    study = given.study or given.folder / "study"
    if not (study / "study.sqlite").is_file():
        from gazestudy.pipeline.demo import run_demo

        run_demo(study)
    if given.here:
        with tempfile.TemporaryDirectory(prefix="gazestudy-pictures-") as temporary:
            picture(given.folder, study, Path(temporary), given)
    elif given.readme:
        picture_readme(given.folder, study)
    else:
        for scale in (given.scale,) if given.scale else SCALES:
            for scheme in (given.scheme,) if given.scheme else SCHEMES:
                for language in (given.language,) if given.language else LANGUAGES:
                    begin(given.folder, study, scale, scheme, language, given.only, just_one=given.just_one)


def begin(
    folder: Path, study: Path, scale: str, scheme: str, language: str, only: str, *, just_one: bool = False
) -> None:
    """Make the pictures of one combination in a process of its own, which has the scale of the screen."""
    words = [sys.executable, __file__, str(folder), "--study", str(study), "--only", only, "--here"]
    words += ["--scale", scale, "--scheme", scheme, "--language", language]
    words += ["--just-one"] if just_one else []
    environment = {**os.environ, "QT_SCALE_FACTOR": str(int(scale) / 100)}
    with tempfile.TemporaryDirectory(prefix="gazestudy-screen-") as temporary:
        if os.environ["QT_QPA_PLATFORM"] == "offscreen":  # its own screen is too small for long menus
            screen = Path(temporary) / "screen.json"
            screen.write_text(json.dumps(_SCREEN), encoding="utf-8")
            environment["QT_QPA_PLATFORM"] = f"offscreen:configfile={screen}"
        subprocess.run(words, check=True, env=environment)


def picture_readme(folder: Path, study: Path) -> None:
    """Make the pictures of the README with few colours, which keeps them small."""
    from PIL import Image

    with tempfile.TemporaryDirectory(prefix="gazestudy-readme-") as temporary:
        for part, name, language, scheme in README:
            begin(Path(temporary), study, "100", scheme, language, part, just_one=True)
            path = Path(temporary) / f"{part}-{language}-{scheme}-100.png"
            with Image.open(path) as whole:
                for colours in _COLOURS:
                    small = whole.convert("RGB").quantize(colours, kmeans=2, dither=Image.Dither.NONE)
                    small.save(folder / f"{name}.png", optimize=True)
                    if (folder / f"{name}.png").stat().st_size < _MOST_BYTES:
                        break


def picture(folder: Path, study: Path, temporary: Path, given: Any) -> None:
    """Go through all windows in one combination."""
    from gazestudy_gui import theme
    from gazestudy_gui.words import set_language
    from PyQt6.QtCore import QSettings
    from PyQt6.QtWidgets import QApplication
    from screenshot_camera import EnoughError
    from screenshot_stuff import furnish
    from screenshot_tour import Tour

    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(temporary / "settings"))
    application = QApplication([])
    application.setStyle("Fusion")
    copy = temporary / "Riverside 2026"
    shutil.copytree(study, copy)
    furnish(copy)
    theme.set_scheme(given.scheme)
    set_language(given.language)
    end = f"{given.language}-{given.scheme}-{given.scale}.png"
    tour = Tour(application, folder, end, only=given.only, just_one=given.just_one)
    with suppress(EnoughError):
        tour.take(copy, temporary)
    (given.folder / f"cut-{end.removesuffix('.png')}.txt").write_text(
        "".join(f"{line}\n" for line in tour.cut), encoding="utf-8"
    )


if __name__ == "__main__":
    main()
