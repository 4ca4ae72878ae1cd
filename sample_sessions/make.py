"""Makes the sample sessions again: `python sample_sessions/make.py DIR`."""

from __future__ import annotations

import sys
from pathlib import Path

from gazestudy.exporters import VideoSettings
from gazestudy.pipeline.simulation import simulate_sessions


def main() -> None:
    """Write the sample sessions into the folder named on the command line."""
    simulate_sessions(
        Path(sys.argv[1]),
        seed=20,
        participants=4,
        duration_s=12.5,
        width_px=960,
        height_px=540,
        video=VideoSettings(crf=34, preset="medium", key_frame_s=4.0),
        reference_long_px=700,
        picture_format="jpg",
        command="python sample_sessions/make.py DIR",
    )


if __name__ == "__main__":
    main()
