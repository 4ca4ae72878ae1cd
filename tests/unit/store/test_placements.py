from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gazestudy._cv2 import cv2
from gazestudy.errors import InputError, ParameterError, StudyDamagedError, StudyError
from gazestudy.store import Study, check_study, open_study

Pictures = Callable[..., Path]


def snapshot(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


def test_placement_comes_back_after_opening_again(study: Study, picture: Pictures) -> None:
    added = study.add_placement(
        "platform-2_north",
        [picture(1, "โปสเตอร์.png")],
        name="ป้าย 2",
        width_mm=1185.0,
        height_mm=1750.0,
        copies=3,
        station="สยาม",
    )
    assert added.creatives[0].image == "placements/platform-2_north/picture-1.png"
    assert added.creatives[0].name == "โปสเตอร์"
    assert added.size_px == (400, 300)
    study.close()
    with open_study(study.path) as again:
        assert again.placements() == (added,)
        assert again.placement("platform-2_north") == added


def test_order_is_the_order_of_adding_and_stations_are_shared(study: Study, picture: Pictures) -> None:
    for number, name in enumerate(["z", "a", "m"]):
        study.add_placement(name, [picture(number)], station="Siam")
    assert [(placement.id, placement.station) for placement in study.placements()] == [
        ("z", "Siam"),
        ("a", "Siam"),
        ("m", "Siam"),
    ]


def test_digital_face_has_several_pictures(study: Study, picture: Pictures) -> None:
    added = study.add_placement("screen", [picture(1), picture(2, "b.jpg"), picture(3)], kind="digital")
    assert [creative.id for creative in added.creatives] == ["screen-1", "screen-2", "screen-3"]
    for creative, source in zip(added.creatives, (1, 2, 3), strict=True):
        original = picture(source, "b.jpg" if source == 2 else "")
        assert np.array_equal(study.placement_image(creative), cv2.imread(str(original)))


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param("North", id="capitals"),
        pytest.param("a b", id="space"),
        pytest.param("../x", id="climbs out"),
        pytest.param("", id="empty"),
        pytest.param("con", id="Windows device"),
        pytest.param("-a", id="looks like an option"),
        pytest.param("ป้าย", id="Thai"),
        pytest.param("a" * 65, id="long"),
    ],
)
def test_unsafe_id_is_refused(study: Study, picture: Pictures, bad: str) -> None:
    with pytest.raises(ParameterError, match="small letters"):
        study.add_placement(bad, [picture(1)])
    assert list((study.path / "placements").iterdir()) == []


def test_refused_id_comes_with_a_proposal(study: Study, picture: Pictures) -> None:
    with pytest.raises(ParameterError, match="'gare-de-l-est'"):
        study.add_placement("Gare de l'Est", [picture(1)])


@pytest.mark.parametrize(
    ("values", "text"),
    [
        pytest.param({"width_mm": -1.0}, "width_mm", id="width"),
        pytest.param({"copies": 0}, "copies", id="copies"),
        pytest.param({"kind": "poster"}, "kind", id="kind"),
    ],
)
def test_senseless_values_are_refused(
    study: Study, picture: Pictures, values: dict[str, object], text: str
) -> None:
    before = snapshot(study.path)
    with pytest.raises(ParameterError, match=text):
        study.add_placement("north", [picture(1)], **values)  # type: ignore[arg-type]
    assert snapshot(study.path) == before


def test_same_picture_again_is_refused_and_the_study_unchanged(
    study: Study, picture: Pictures, tmp_path: Path
) -> None:
    study.add_placement("north", [picture(1)])
    study.add_placement("screen", [picture(2), picture(3)], kind="digital")
    before = snapshot(study.path)
    smaller = tmp_path / "smaller.jpg"
    image = cv2.resize(cv2.imread(str(picture(3))), (200, 150), interpolation=cv2.INTER_AREA)
    smaller.write_bytes(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 70])[1].tobytes())
    for source, other in ((picture(1), "north"), (smaller, "screen")):
        with pytest.raises(InputError, match=f"same picture as that of placement '{other}'.*copies"):
            study.add_placement("south", [source])
    with pytest.raises(InputError, match="given twice"):
        study.add_placement("south", [picture(7), picture(7, "again.jpg")], kind="digital")
    assert snapshot(study.path) == before


def test_taken_id_no_picture_and_too_many(study: Study, picture: Pictures) -> None:
    study.add_placement("north", [picture(1)])
    with pytest.raises(StudyError, match="'north' is taken"):
        study.add_placement("north", [picture(2)])
    with pytest.raises(ParameterError, match="at least one picture"):
        study.add_placement("south", [])
    with pytest.raises(ParameterError, match="kind digital"):
        study.add_placement("south", [picture(2), picture(3)])


def test_removed_placement_leaves_nothing_and_can_come_again(study: Study, picture: Pictures) -> None:
    study.add_placement("north", [picture(1)])
    study.add_aoi("north", "logo", [(0, 0), (9, 0), (9, 9)])
    study.remove_placement("north")
    assert study.placements() == ()
    assert study.aois() == ()
    assert list((study.path / "placements").iterdir()) == []
    with pytest.raises(StudyError, match="the study has none yet"):
        study.remove_placement("north")
    study.add_placement("north", [picture(1)])
    study.close()
    assert check_study(study.path) == []


def test_unknown_placement_names_those_there_are(study: Study, picture: Pictures) -> None:
    study.add_placement("north", [picture(1)])
    for call in (study.placement, study.remove_placement, lambda i: study.add_aoi(i, "x", [(0, 0)] * 3)):
        with pytest.raises(StudyError, match="no placement 'x'; the study has north"):
            call("x")


def test_lost_and_replaced_pictures_are_noticed(study: Study, picture: Pictures) -> None:
    creative = study.add_placement("north", [picture(1)]).creatives[0]
    path = study.path / creative.image
    path.write_bytes(picture(2, "other.png", (50, 60)).read_bytes())
    with pytest.raises(StudyDamagedError, match="was replaced"):
        study.placement_image(creative)
    path.unlink()
    with pytest.raises(StudyDamagedError, match=r"missing.*add it again"):
        study.placement_image(creative)


def test_aois_keep_order_points_and_free_ids(study: Study, picture: Pictures) -> None:
    study.add_placement("north", [picture(1)])
    study.add_placement("south", [picture(2)])
    corners = ((0.5, -2.25), (1e3, 0.1), (7.0, 7.0))
    first = study.add_aoi("north", "โลโก้", corners)
    second = study.add_aoi("north", "โลโก้", corners)
    third = study.add_aoi("south", "Price tag", np.array(corners), aoi_id="price")
    assert (first.id, second.id, third.id) == ("north_aoi", "north_aoi-2", "price")
    assert first.points_px == corners
    assert study.aois() == (first, second, third)
    assert study.aois("south") == (third,)
    study.remove_aoi("price")
    assert study.aois("south") == ()


def test_label_of_an_aoi_is_kept_changed_and_copied(study: Study, picture: Pictures) -> None:
    study.add_placement("north", [picture(1)])
    study.add_placement("south", [picture(2)])
    made = study.add_aoi("north", "left logo", [(0, 0), (9, 0), (9, 9)], label="  Cafe\u0301 ")
    assert made.label == "Caf\u00e9"  # one spelling, so that equal labels are one group
    assert [one.label for one in study.copy_aois("north", "south")] == ["Caf\u00e9"]
    assert study.change_aoi(made.id, name="x").label == "Caf\u00e9"
    assert study.change_aoi(made.id, label="").label == ""
    assert [one.label for one in study.aois()] == ["", "Caf\u00e9"]
    with pytest.raises(ParameterError, match="AOI label"):
        study.change_aoi(made.id, label="two\nlines")


@pytest.mark.parametrize(
    "points",
    [
        pytest.param([(0, 0), (1, 1)], id="two corners"),
        pytest.param([(0, 0), (1, 1), (float("nan"), 2)], id="nan"),
        pytest.param([], id="none"),
        pytest.param([(0, 0), (9, 9), (9, 0), (0, 9)], id="lines that cross"),
        pytest.param([(0, 0), (4, 4), (9, 9)], id="no area"),
    ],
)
def test_senseless_polygon_is_refused(
    study: Study, picture: Pictures, points: list[tuple[float, float]]
) -> None:
    study.add_placement("north", [picture(1)])
    with pytest.raises(ParameterError, match="AOI points"):
        study.add_aoi("north", "x", points)
    assert study.aois() == ()
