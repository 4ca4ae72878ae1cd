"""Settings of well-known programs and papers, by name."""

from __future__ import annotations

from gazestudy.events.registry import preset

preset(
    "tobii-fixation",
    "ivt",
    "Tobii Pro Lab, I-VT (Fixation): 30 deg/s, made for a still head",
    source="Olsen 2012; Tobii Pro Lab",
)
preset(
    "tobii-attention",
    "ivt",
    "Tobii Pro Lab, I-VT (Attention): 100 deg/s, median of 3, no gap fill-in",
    source="Tobii Pro Lab 25, filter I-VT (Attention)",
    max_gap_ms=0.0,
    noise_reduction="median",
    noise_window_samples=3,
    threshold_deg_s=100.0,
)
preset(
    "hessels2020",
    "slow_phase",
    "Slow phases of people who walk through a crowd, from 50 Hz glasses",
    source="Hessels et al. 2020, doi:10.3758/s13414-019-01952-9",
    spread=2.5,
    window_s=8.0,
    min_slow_ms=80.0,
)
preset("pupil-core", "pupil_core", "Fixation detector of Pupil Core's programs", source="Pupil Player 3")
preset(
    "neon-like",
    "world_ivt",
    "Much like Neon's fixations: threshold raised by head motion, gaze relative to the scene",
    source="Drews & Dierkes 2024, doi:10.3758/s13428-024-02360-0, for Neon's field of view",
    threshold_deg_s=77.0,
    head_gain=0.8,
    head_window_ms=205.0,
    drift_gain=0.0,
    noise_gain=0.0,
    flank_share=0.0,
    merge_gap_ms=20.0,
    merge_angle_deg=2.0,
    min_fixation_ms=70.0,
)
preset(
    "adaptive-coarse",
    "adaptive",
    "Adaptive, for trackers worn on the head or with noise: movements below half a degree are not told apart",
    source="own: half of GazeCom",
    velocity_ms=20.0,
    local_ms=150.0,
    peak_deg_s=35.0,
    edge_deg_s=20.0,
    min_saccade_deg=0.5,
    settle_deg_s=15.0,
    settling="saccade",
    flank_ms=200.0,
    island_ms=150.0,
    min_fixation_ms=60.0,
)
