from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gazestudy._cv2 import cv2
from gazestudy.model import Camera, Clock, Recording, RecordingMeta, SourceFile, Stream, categorical
from gazestudy.model.tables import FRAME_KINDS, REASONS
from gazestudy.store import Study, create_study


@pytest.fixture
def study(tmp_path: Path) -> Iterator[Study]:
    with create_study(tmp_path / "สถานีสยาม", name="ชานชาลา 2022") as made:
        yield made


@pytest.fixture
def picture(tmp_path: Path) -> Callable[..., Path]:
    """Makes picture files: every seed another picture."""

    def make(seed: int, name: str = "", size: tuple[int, int] = (400, 300)) -> Path:
        blocks = np.random.default_rng(seed).integers(0, 255, (24, 32, 3), dtype=np.uint8)
        image = cv2.resize(blocks, size, interpolation=cv2.INTER_CUBIC)
        path = tmp_path / (name or f"picture {seed}.png")
        path.write_bytes(cv2.imencode(path.suffix, image)[1].tobytes())
        return path

    return make


@pytest.fixture
def recording(tmp_path: Path) -> Callable[..., Recording]:
    """Makes recordings: every seed another one."""

    def make(seed: int, *, name: str = "walk", label: str = "", n: int = 50, **changes: object) -> Recording:
        rng = np.random.default_rng(seed)
        video = tmp_path / f"source {seed}" / "scène.mp4"
        video.parent.mkdir(exist_ok=True)
        video.write_bytes(rng.bytes(3_000))
        gaze = gaze_table(rng, n)
        frames = pd.DataFrame(
            {
                "t_ns": np.arange(n, dtype=np.int64) * 40_000_000,
                "kind": categorical(["real"] * n, FRAME_KINDS),
                "part": 0,
                "video": 0,
                "index": np.arange(n),
            }
        )
        labels = pd.DataFrame({"ป้าย": ["a", "b"], "value": [1.5, np.nan]})
        values: dict[str, object] = {
            "clock": Clock("unix_utc", 0, "test", 17),
            "camera": Camera(640, 480, 500.0, 500.0, 319.5, 239.5, "opencv4", (0.1, 0.0, 0.0, 0.0)),
            "videos": (video,),
            "loaders": {
                "gaze": lambda: Stream(gaze),
                "frames": lambda: Stream(frames),
                "ป้าย labels": lambda: Stream(labels),
            },
            "files": lambda: (SourceFile("gaze.csv", 10, f"{seed:064x}"),),
            **changes,
        }
        meta = RecordingMeta(
            name,
            "Neon",
            "test",
            3,
            video.parent,
            start_unix_ns=1_669_000_000_123_456_789,
            participant_label=label,
            extra={"serial": np.int64(7), "wearer": label},
        )
        return Recording(meta, **values)  # type: ignore[arg-type]

    return make


def gaze_table(rng: np.random.Generator, n: int) -> pd.DataFrame:
    x = rng.normal(300, 50, n)
    x[::7] = np.nan
    return pd.DataFrame(
        {
            "t_ns": 2**62 + np.sort(rng.integers(0, 10**9, n)),
            "x_px": x,
            "y_px": rng.normal(200, 50, n),
            "valid": np.isfinite(x),
            "reason": categorical(np.where(np.isfinite(x), "ok", "blink"), REASONS),
            "confidence": np.nan,
            "part": 0,
        }
    )


@pytest.fixture
def study_of_format(tmp_path: Path) -> Callable[[str], Path]:
    """Makes the folder of a study with one participant, as a program of an earlier format left it."""

    def make(revision: str) -> Path:
        from alembic.config import Config
        from alembic.runtime.environment import EnvironmentContext
        from alembic.script import ScriptDirectory
        from sqlalchemy import create_engine

        from gazestudy.store.database import MIGRATIONS

        folder = tmp_path / f"of format {revision}"
        with create_study(folder, name="Old"):
            pass
        database = folder / "study.sqlite"
        database.unlink()
        script = ScriptDirectory(MIGRATIONS)

        def upgrade(present: object, _context: object) -> object:
            return script._upgrade_revs(revision, present)  # type: ignore[arg-type]

        engine = create_engine(f"sqlite:///{database}")
        with engine.begin() as connection, EnvironmentContext(Config(), script, fn=upgrade) as environment:
            environment.configure(connection=connection)
            environment.run_migrations()
            connection.exec_driver_sql("INSERT INTO study VALUES (1, 'Old', '2026-01-01T00:00:00', '0.0')")
            connection.exec_driver_sql("INSERT INTO participant VALUES ('P01', '', '{}')")
        engine.dispose()
        return folder

    return make
