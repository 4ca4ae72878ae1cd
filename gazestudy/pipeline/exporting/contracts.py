"""Contracts of the tables that only exports have: what people entered, and personal data."""

from __future__ import annotations

from gazestudy.model.tables import Column, TableContract

_PARTICIPANT = Column("participant_id", "str", "pseudonym")
_SEGMENT = Column("segment", "str", "group of the participant, may be empty")
_DAYPART = Column("daypart", "str", "when in the day, such as morning peak; may be empty")
_RECORDING = Column("recording_id", "str", "which recording")
PLACEMENT = Column("placement_id", "str", "which placement")

SHARED_COLUMNS: dict[str, Column] = {
    column.name: column
    for column in (
        *(_PARTICIPANT, _SEGMENT, _DAYPART, _RECORDING, PLACEMENT),
        Column("placement", "str", "name of the placement"),
        Column("source", "str", "which way it was mapped: manual, key_frames, markers, automatic, vendor"),
        Column("width_deg", "float", "visual angle of the width of the placement, NaN without a camera"),
        Column("distance_mm", "float", "distance to the placement, NaN where its size is not known"),
        Column("interview_id", "str", "which interview"),
        Column("made_utc", "str", "when it was said or changed, ISO 8601"),
        Column("made_by", "str", "user who said so"),
        Column("note", "str", "why, may be empty"),
        Column("recordings", "int", "recordings of the person"),
        Column(
            "delay_min", "float", "minutes from the end of the walk to the interview, NaN where not known"
        ),
        Column("interviewed", "bool", "there is an interview with the person"),
        Column("in_view", "bool", "the placement entered the view of the person; false for foils"),
    )
}
"""Columns that are added to tables of other contracts."""

PARTICIPANTS = TableContract("participants", (_PARTICIPANT, _SEGMENT))
FACTS = TableContract(
    "participant_facts",
    (
        _PARTICIPANT,
        Column("fact", "str", "which fact; none that identifies the person"),
        Column("value", "str", "as noted"),
    ),
)
RECORDINGS = TableContract(
    "recordings",
    (
        _RECORDING,
        _PARTICIPANT,
        _SEGMENT,
        _DAYPART,
        Column("name", "str", "name that the device or a person gave it"),
        Column("device", "str", "model of the eye tracker, unknown if not said"),
        Column("importer", "str", "what read it"),
        Column("clock", "str", "what times of 0 ns mean on its clock"),
        Column("start_utc", "str", "start, ISO 8601, empty where not known"),
        Column(
            "first_sample_ns", "int", "first gaze sample on the clock of the recording, 0 without samples"
        ),
        Column("duration_s", "float", "last minus first gaze sample"),
        Column("samples", "int", "gaze samples"),
        Column("frames", "int", "scene frames"),
        Column("scene_width_px", "float", "width of the scene image, empty where not known"),
        Column("scene_height_px", "float", "its height"),
        Column("corrected", "bool", "the study corrects the gaze of this recording"),
    ),
)
PLACEMENTS = TableContract(
    "placements",
    (
        PLACEMENT,
        Column("name", "str", "for people"),
        Column("kind", "category", "print or screen", ("static", "digital")),
        Column("width_mm", "float", "width of the picture, empty where not measured"),
        Column("height_mm", "float", "its height, empty where not measured"),
        Column("copies", "int", "how many times the same picture hangs there"),
        Column("station", "str", "station, may be empty"),
        Column("reference_width_px", "float", "width of its reference image, empty without a picture"),
        Column("reference_height_px", "float", "its height"),
        Column(
            "facets",
            "str",
            "flat parts of a picture round a pillar or a corner: left,top,right,bottom in px of the reference"
            " image, with spaces between them; empty where all of it is flat",
        ),
    ),
)
CREATIVES = TableContract(
    "creatives",
    (
        Column("creative_id", "str", "which picture"),
        PLACEMENT,
        Column("name", "str", "for people"),
        Column("image", "str", "file in the folder of the study"),
        Column("width_px", "int", "width of the picture"),
        Column("height_px", "int", "its height"),
    ),
)
AOIS = TableContract(
    "aois",
    (
        Column("aoi_id", "str", "which AOI"),
        PLACEMENT,
        Column("name", "str", "for people"),
        Column("points_px", "str", "corners on the reference image in order: x,y x,y ..."),
        Column("label", "str", "word that groups AOIs of several placements, empty for none"),
    ),
)
PERSONAL = TableContract(
    "personal_data",
    (
        _PARTICIPANT,
        Column("name", "str", "real name, or the name the device had for the person"),
        Column("details_json", "str", "whatever else was noted, JSON"),
    ),
)
OBSERVER_NAMES = TableContract(
    "observer_names",
    (Column("observer", "str", "code of the observer"), Column("name", "str", "name of the observer")),
)
PRIVATE_ANSWERS = TableContract(
    "private_answers",
    (
        Column("session_id", "str", "which observation session"),
        Column("respondent_id", "str", "pseudonym of the person asked"),
        Column("item", "str", "question"),
        Column("value", "str", "the answer"),
    ),
)
PERSONAL_ANSWERS = TableContract(
    "interview_personal_answers",
    (
        Column("interview_id", "str", "which interview"),
        Column("item", "str", "question"),
        Column("value", "str", "the answer"),
    ),
)
