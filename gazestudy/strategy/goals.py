"""The strategy document: goals, segments, budget, prices, and every assumption with who makes it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StringConstraints

SCHEMA = "gazestudy-strategy/1"
"""What the field `schema` of a document says."""

Text = Annotated[str, StringConstraints(strict=True, min_length=1)]
Loose = Annotated[str, StringConstraints(strict=True)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Amount = Annotated[Number, Field(ge=0)]
Positive = Annotated[Number, Field(gt=0)]
Share = Annotated[Number, Field(ge=0, le=1)]
HalfBrings = Annotated[Number, Field(ge=0.5, lt=1)]

GOAL_MEASURES = {
    "attentive_seconds": "attentive_s_per_day",
    "looked_at_passages": "looked_at_passages_per_day",
    "recalled_viewers": "recalled_viewers_per_day",
}
"""What a budget can be spent for, and the measure of the platform potential it is."""


class _Part(BaseModel):
    """Read-only, and no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Goal(_Part):
    """What the money is for.

    Attributes
    ----------
    measure : {"attentive_seconds", "looked_at_passages", "recalled_viewers"}
        What is to be as large as possible.
    budget : float
        Money for the period.
    period_days : float
        Length of the period; prices of placements are for it.
    half_brings : float
        What half of a placement brings of the whole; 0.5 is no diminishing return.
    source : str
        Who says so.
    """

    measure: Literal["attentive_seconds", "looked_at_passages", "recalled_viewers"]
    budget: Amount
    period_days: Positive
    half_brings: HalfBrings = 0.5
    source: Loose = ""


class Segment(_Part):
    """People that matter more or less.

    Attributes
    ----------
    id : str
        Name of the segment, as participants have it.
    value : float
        What attention of one of them is worth against the others.
    passage_share : float
        Their part of all passages.
    source : str
        Where that share comes from.
    """

    id: Text
    value: Amount
    passage_share: Share
    source: Text


class Daypart(_Part):
    """Part of the day in which prices buy attention.

    Attributes
    ----------
    id : str
        As recordings and sessions name it.
    also : tuple of str
        Other names that recordings and sessions have for it.
    minutes_per_day : float
        Its length.
    days_per_week : float
        Days on which it counts; 7 by default.
    source : str
        Such as the timetable.
    """

    id: Text
    also: tuple[Loose, ...] = ()
    minutes_per_day: Annotated[Number, Field(gt=0, le=1440)]
    days_per_week: Annotated[Number, Field(gt=0, le=7)] = 7
    source: Text

    @property
    def minutes(self) -> float:
        """Minutes a day, mean over the week."""
        return float(self.minutes_per_day) * float(self.days_per_week) / 7


class PlacementPlan(_Part):
    """A placement in the strategy.

    Attributes
    ----------
    id : str
        Placement of the study.
    point, observed_as : str
        Point at which its passages were counted, and the name that observers gave it; by default those whose
        name is `id`.
    cost : float or None
        Price of all of it (or of one spot) for the period; None: not for sale.
    group : str
        Group for limits and overlap.
    whole : bool
        All of it or nothing.
    min_share, max_share : float
        Parts that can be bought.
    required : bool
        Must be bought.
    spot_s, loop_s : float or None
        Of a screen; otherwise from the audit.
    bottom_m, height_m, distance_m : float or None
        For what-if; otherwise from the audit.
    """

    id: Text
    point: Loose = ""
    observed_as: Loose = ""
    cost: Amount | None = None
    group: Loose = ""
    whole: StrictBool = False
    min_share: Share = 0.0
    max_share: Share = 1.0
    required: StrictBool = False
    spot_s: Positive | None = None
    loop_s: Positive | None = None
    bottom_m: Amount | None = None
    height_m: Positive | None = None
    distance_m: Positive | None = None


class GroupLimit(_Part):
    """Limits and overlap of a group of placements.

    Attributes
    ----------
    id : str
        Its name.
    min_cost, max_cost : float, float or None
        Money that must and may go to it.
    half_brings : float
        What half of its attention brings of its value.
    """

    id: Text
    min_cost: Amount = 0
    max_cost: Amount | None = None
    half_brings: HalfBrings = 0.5


class Assumption(_Part):
    """A number that was not measured.

    Attributes
    ----------
    term : str
        Which term of the potential; radius_m and density_m2 are those of the occlusion model.
    value, low, high : float
        Best guess and the range in which it is expected 19 times of 20.
    source : str
        Who says so.
    placement, daypart : str
        For which only; everywhere if left out.
    replaces : bool
        Take it even where the term was measured.
    """

    term: Literal[
        "passages_per_min", "exposed", "clear", "noticed", "dwell_s", "recalled", "radius_m", "density_m2"
    ]
    value: Amount
    low: Amount | None = None
    high: Amount | None = None
    source: Text
    placement: Loose = ""
    daypart: Loose = ""
    replaces: StrictBool = False


class Trial(_Part):
    """A planned comparison of stations.

    Attributes
    ----------
    share_control, share_test : float
        Share without and with the change.
    people_per_station : int
        Asked or measured per station and period.
    between_sd : float
        Standard deviation of the share between stations.
    pre_post_correlation : float
        Of a station before and after.
    power : float
        Wanted.
    test_stations, control_stations : int or None
        Available.
    source : str
        Where the standard deviation and the correlation come from.
    """

    share_control: Annotated[Number, Field(gt=0, lt=1)]
    share_test: Annotated[Number, Field(gt=0, lt=1)]
    people_per_station: Annotated[StrictInt, Field(ge=1)]
    between_sd: Amount
    pre_post_correlation: Annotated[Number, Field(gt=-1, lt=1)] = 0.0
    power: Annotated[Number, Field(gt=0, lt=1)] = 0.8
    test_stations: Annotated[StrictInt, Field(ge=1)] | None = None
    control_stations: Annotated[StrictInt, Field(ge=1)] | None = None
    source: Text


class CreativeRules(_Part):
    """What the creative diagnosis needs to know.

    Attributes
    ----------
    brand_aois : tuple of str
        AOIs (id or name) that show the brand.
    words : dict of str to int
        Words on the creative, by placement; otherwise from the audit.
    words_per_s, find_text_s : float
        Reading speed, and time until the text is found. They depend on the language.
    words_per_s_of : dict of str to float
        Reading speed by placement, where a creative is in another language.
    """

    brand_aois: tuple[Text, ...] = ()
    words: dict[Text, Annotated[StrictInt, Field(ge=0)]] = Field(default_factory=dict)
    words_per_s: Positive = 4.0
    words_per_s_of: dict[Text, Positive] = Field(default_factory=dict)
    find_text_s: Amount = 0.3


class Strategy(_Part):
    """A strategy document.

    Attributes
    ----------
    schema_ : str
        `SCHEMA`; written as `schema`.
    currency : str
        Of all prices.
    goal : Goal
        What the money is for.
    dayparts : tuple of Daypart
        At least one.
    placements : tuple of PlacementPlan
        At least one.
    segments : tuple of Segment
        None: all people count the same.
    groups : tuple of GroupLimit
        Limits.
    exposed_from : {"auto", "counted", "gaze"}
        Where exposure is taken from; "auto": counted where observers counted who walked towards the face.
    assumptions : tuple of Assumption
        What was not measured.
    trial : Trial or None
        A planned trial.
    creative : CreativeRules
        For the creative diagnosis.
    """

    schema_: Literal["gazestudy-strategy/1"] = Field(alias="schema")
    currency: Text
    goal: Goal
    dayparts: tuple[Daypart, ...] = Field(min_length=1)
    placements: tuple[PlacementPlan, ...] = Field(min_length=1)
    segments: tuple[Segment, ...] = ()
    groups: tuple[GroupLimit, ...] = ()
    exposed_from: Literal["auto", "counted", "gaze"] = "auto"
    assumptions: tuple[Assumption, ...] = ()
    trial: Trial | None = None
    creative: CreativeRules = CreativeRules()

    def names_of(self, daypart: str) -> frozenset[str]:
        """Return all names of a daypart; where there is only one, what has no daypart belongs to it."""
        names = {name for one in self.dayparts if one.id == daypart for name in (one.id, *one.also)}
        return frozenset(names | {""} if len(self.dayparts) == 1 else names)

    def assumed(self, term: str, placement: str = "", daypart: str = "") -> Assumption | None:
        """Return the narrowest assumption about a term of a placement in a daypart, None if there is none."""
        fitting = [
            one
            for one in self.assumptions
            if one.term == term and one.placement in ("", placement) and one.daypart in ("", daypart)
        ]
        return max(fitting, key=lambda one: bool(one.placement) + bool(one.daypart), default=None)


def known_fields() -> list[str]:
    """Return the fields that a document can have anywhere, to suggest one for a misspelt one."""
    schema = Strategy.model_json_schema(by_alias=True)
    names: set[str] = set(schema["properties"])
    for part in schema.get("$defs", {}).values():
        names.update(part.get("properties", {}))
    return sorted(names)
