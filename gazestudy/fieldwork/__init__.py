"""Field observation: tables of what observers saw in, rates, crowding, occlusion and agreement out."""

from gazestudy.fieldwork.blind_spots import BlindSpotTest, blind_spot_test, notices_from_answers
from gazestudy.fieldwork.checks import check_field_log
from gazestudy.fieldwork.compare import compare_groups
from gazestudy.fieldwork.crowding import FRUIN, level_of_service
from gazestudy.fieldwork.figures import FIGURES
from gazestudy.fieldwork.focal import focal_table
from gazestudy.fieldwork.followed import FollowedLooking, followed_looking, stay_curve
from gazestudy.fieldwork.levels import level_shares, scan_densities
from gazestudy.fieldwork.observers import ObserverAgreement, observer_agreement
from gazestudy.fieldwork.occlusion import (
    FaceView,
    OcclusionFit,
    blocking_observations,
    face_views,
    fit_occlusion,
)
from gazestudy.fieldwork.rates import FieldFigures, cross_table, field_figures, figure_text
from gazestudy.fieldwork.sampling import RULE_WORDS, refusal
from gazestudy.fieldwork.sessions import find_pairs, session_seconds
from gazestudy.fieldwork.summary import FieldSummary, summarise_field_log

__all__ = [
    "FIGURES",
    "FRUIN",
    "RULE_WORDS",
    "BlindSpotTest",
    "FaceView",
    "FieldFigures",
    "FieldSummary",
    "FollowedLooking",
    "ObserverAgreement",
    "OcclusionFit",
    "blind_spot_test",
    "blocking_observations",
    "check_field_log",
    "compare_groups",
    "cross_table",
    "face_views",
    "field_figures",
    "figure_text",
    "find_pairs",
    "fit_occlusion",
    "focal_table",
    "followed_looking",
    "level_of_service",
    "level_shares",
    "notices_from_answers",
    "observer_agreement",
    "refusal",
    "scan_densities",
    "session_seconds",
    "stay_curve",
    "summarise_field_log",
]
