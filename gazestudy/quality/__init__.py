"""How good a recording is: loss, precision, accuracy, and the correction of offset and drift."""

from gazestudy.quality.accuracy import Accuracy, accuracy
from gazestudy.quality.correction import correct_gaze, fit_correction
from gazestudy.quality.loss import sampling
from gazestudy.quality.precision import bcea_deg2, fixation_precision, rms_s2s_deg, std_deg
from gazestudy.quality.table import QUALITY, quality_table

__all__ = [
    "QUALITY",
    "Accuracy",
    "accuracy",
    "bcea_deg2",
    "correct_gaze",
    "fit_correction",
    "fixation_precision",
    "quality_table",
    "rms_s2s_deg",
    "sampling",
    "std_deg",
]
