"""Small recordings in the layouts of the devices, written by the tests themselves."""

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from .pupil_core_makers import write_capture

START_NS = 1_700_000_000_123_456_789
CLOUD_HEADER = (
    "section id,recording id,timestamp [ns],gaze x [px],gaze y [px],worn,fixation id,blink id,"
    "azimuth [deg],elevation [deg]"
)


@pytest.fixture(scope="session")
def samples() -> Path:
    """Folder of real recordings."""
    folder = Path(__file__).parents[3] / ".." / "shared" / "data" / "recordings"
    if not folder.is_dir():
        pytest.skip("the shared sample recordings are not here")
    return folder


@pytest.fixture(scope="session")
def write_video() -> Callable[..., Path]:
    """Write a small video: one picture per time, noise or (where listed) plain grey."""

    def write(
        path: Path, times_ms: list[int], grey: tuple[int, ...] = (), size: tuple[int, int] = (160, 96)
    ) -> Path:
        rng = np.random.default_rng(3)
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libx264", rate=30)
            stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
            stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
            for number, time in enumerate(times_ms):
                shape = (size[1], size[0])
                picture = (
                    np.full(shape, 128, np.uint8) if number in grey else rng.integers(0, 255, shape, np.uint8)
                )
                frame = av.VideoFrame.from_ndarray(picture, format="gray").reformat(format="yuv420p")
                frame.pts, frame.time_base = time, Fraction(1, 1000)
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return path

    return write


@pytest.fixture
def cloud() -> Callable[..., Path]:
    """Write a small time-series export of an Invisible; keyword arguments change parts of it."""

    def write(
        folder: Path,
        *,
        name: str = "walk",
        rows: list[str] | None = None,
        header: str = CLOUD_HEADER,
        info: dict[str, object] | None = None,
        camera_key: str = "dist_coefs",
        frame_steps_ms: list[float] | None = None,
    ) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        if rows is None:
            rows = [f"s,r,{START_NS + 5_000_000 * i},{500 + i}.25,{400 + i}.5,1,,,0.0,0.0" for i in range(20)]
        (folder / "gaze.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
        described = {
            "start_time": START_NS - 100_000_000,
            "duration": 1_000_000_000,
            "data_format_version": "1.4",
            "glasses_serial_number": "abcde",
            "wearer_name": "Erika Mustermann",
            "template_data": {"recording_name": name},
        }
        (folder / "info.json").write_text(json.dumps(described | (info or {})), encoding="utf-8")
        camera = {
            "camera_matrix": [[760.0, 0, 540.0], [0, 760.0, 530.0], [0, 0, 1]],
            camera_key: [[-0.12, 0.1, 0.0, 0.0, 0.02, 0.2, 0.01, 0.06]],
        }
        (folder / "scene_camera.json").write_text(json.dumps(camera), encoding="utf-8")
        steps = frame_steps_ms if frame_steps_ms is not None else [33.1, 34.2, 32.9, 33.4]
        times = START_NS + np.cumsum([0, *(round(step * 1e6) for step in steps)])
        lines = ["section id,recording id,timestamp [ns]", *(f"s,r,{time}" for time in times)]
        (folder / "world_timestamps.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return folder

    return write


@pytest.fixture
def capture(tmp_path, write_video) -> Callable[..., Path]:
    """Write a recording of Pupil Capture."""

    def write(folder: Path | None = None, **parts: bool) -> Path:
        return write_capture(folder or tmp_path / "000", write_video, **parts)

    return write
