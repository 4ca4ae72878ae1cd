import io
import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from matplotlib import image as mpl_image

from gazestudy.errors import ParameterError
from gazestudy.heatmaps import Kernel, make_heatmap
from gazestudy.model import Creative, Placement
from gazestudy.plots import captions, draw_heatmap, families_for, figure_bytes, fonts, missing_scripts

ART = np.full((300, 200, 3), 200, np.uint8)


def data(name="Board A", group="", n=12, size=(200, 300)):
    placement = Placement(
        "board-a", name, (Creative("c", "board-a", "c", "c.png", "", *size),), width_mm=1200.0
    )
    rows = pd.DataFrame(
        {
            "placement_id": "board-a",
            "participant_id": [f"P{i % 4}" for i in range(n)],
            "duration_ms": np.full(n, 200.0),
            "x_ref_px": np.full(n, size[0] * 0.5),
            "y_ref_px": np.full(n, size[1] * 0.25),
        }
    )
    return make_heatmap(
        rows, placement, kernel=Kernel.from_deg(2, distance_mm=4000, px_per_mm=1 / 6), group=group
    )


def words(figure):
    return "\n".join(text.get_text() for text in figure.texts)


def pixels(figure):
    return mpl_image.imread(io.BytesIO(figure_bytes(figure)), format="png")[..., :3]


def artwork(figure):
    """The part of the finished picture that shows the artwork."""
    picture = pixels(figure)
    left, bottom, width, height = figure.axes[0].get_position().bounds
    high, wide = picture.shape[:2]
    return picture[
        round((1 - bottom - height) * high) : round((1 - bottom) * high),
        round(left * wide) : round((left + width) * wide),
    ]


def test_the_picture_says_all_that_is_needed_to_read_it():
    figure = draw_heatmap(data(group="visitors, morning"), ART)
    text = words(figure)
    for part in (
        "Board A",
        "visitors, morning",
        "4 participants",
        "12 fixations",
        "fixation duration",
        "2 deg at 4.0 m",
    ):
        assert part in text
    assert figure.axes[1].get_ylabel() == "s of fixation per dm²"


def test_colour_lies_where_attention_was_and_the_artwork_stays_visible_elsewhere():
    shown = artwork(draw_heatmap(data(), ART))
    high, wide = shown.shape[:2]
    far = shown[int(high * 0.9), int(wide * 0.5)]
    peak = shown[int(high * 0.25), int(wide * 0.5)]
    np.testing.assert_allclose(far, 200 / 255, atol=0.02)
    yellow = np.array([0.993, 0.906, 0.144])  # top of viridis, over grey
    np.testing.assert_allclose(peak, 0.85 * yellow + 0.15 * 200 / 255, atol=0.03)


def test_fog_darkens_where_nobody_looked():
    shown = artwork(draw_heatmap(data(), ART, style="fog"))
    high, wide = shown.shape[:2]
    assert shown[int(high * 0.9), int(wide * 0.5)].max() < 0.3
    np.testing.assert_allclose(shown[int(high * 0.25), int(wide * 0.5)], 200 / 255, atol=0.02)


def test_contours_keep_the_artwork():
    figure = draw_heatmap(data(), ART, style="contour")
    shown = artwork(figure)
    assert np.isclose(shown, 200 / 255, atol=0.02).all(axis=2).mean() > 0.9
    assert not np.isclose(shown, 200 / 255, atol=0.02).all()
    assert "25, 50, 75 %" in " ".join(words(figure).split())


def test_contours_over_colours_are_explained_too():
    plain, lined = draw_heatmap(data(), ART), draw_heatmap(data(), ART, contours=True)
    assert "25, 50, 75 %" in " ".join(words(lined).split())
    assert "25, 50" not in words(plain)
    assert np.abs(artwork(plain) - artwork(lined)).max() > 0.3


def test_a_shared_scale_dims_a_weak_map():
    own, shared = draw_heatmap(data(), ART), draw_heatmap(data(), ART, scale_max=data().peak * 4)
    assert np.abs(artwork(own) - artwork(shared)).max() > 0.3
    assert "shared" in words(shared) and "peak of this picture" in words(own)
    assert shared.axes[1].get_ylim()[1] == pytest.approx(data().peak * 4)


def test_sentences_are_broken_anew_in_another_language_and_the_picture_stays():
    figure = draw_heatmap(data(), ART)
    before, art, size = words(figure), artwork(figure), figure.get_size_inches().copy()
    boxes = [axes.get_window_extent().bounds[2:] for axes in figure.axes]
    figure.retell(lambda text: f"{text} " + "น้ำหนักของการมองคือเวลา" * 4)
    assert figure.get_size_inches()[1] > size[1]
    assert figure.get_size_inches()[0] == size[0]
    np.testing.assert_array_equal(artwork(figure), art)
    for axes, box in zip(figure.axes, boxes, strict=True):
        np.testing.assert_allclose(axes.get_window_extent().bounds[2:], box, atol=1e-6)
    figure.draw_without_rendering()
    inside = figure.bbox
    for text in figure.texts:  # nothing runs out of the picture, nothing lies on anything
        box = text.get_window_extent()
        assert box.x1 <= inside.x1 and box.y0 >= 0, text.get_text()
    assert words(figure).count("น้ำหนัก") >= 4
    figure.retell(lambda text: text.partition(" น้ำ")[0])
    assert words(figure) == before
    np.testing.assert_allclose(figure.get_size_inches(), size)


def test_nobody_looked():
    figure = draw_heatmap(data(n=0), ART)
    assert "No fixation" in words(figure) and len(figure.axes) == 1
    np.testing.assert_allclose(artwork(figure), 200 / 255, atol=0.01)


def test_one_is_singular():
    assert "1 participant  ·  1 fixation" in words(draw_heatmap(data(n=1), ART)).splitlines()[1]


@pytest.mark.parametrize("size", [(40, 900), (900, 40), (5, 5), (2500, 1400)])
def test_any_shape_of_artwork_fits(size):
    figure = draw_heatmap(data(size=size), np.zeros((size[1], size[0]), np.uint8))
    for axes in figure.axes:
        bounds = axes.get_position()
        assert bounds.x0 >= 0 and bounds.y0 >= 0 and bounds.x1 <= 1 and bounds.y1 <= 1
    width, height = figure.axes[0].get_position().bounds[2:]
    wide, high = figure.get_size_inches()
    assert (width * wide) / (height * high) == pytest.approx(size[0] / size[1], rel=0.03)
    assert max(figure.get_size_inches()) * figure.dpi < 2400


@pytest.mark.parametrize(
    "name", ["Platform 2 " * 20, "人民广场站" * 30, "สถานีรถไฟฟ้า" * 20, "x" * 300, "$5 _a^b \\frac{"]
)
def test_long_and_odd_names_stay_inside_the_picture(name):
    found = []
    figure = draw_heatmap(data(name=name), ART, findings=found)
    box = figure.bbox
    figure.draw_without_rendering()
    for text in figure.texts:
        extent = text.get_window_extent()
        assert extent.x1 <= box.x1 and extent.y0 >= box.y0
    if not found:
        assert name.replace(" ", "") in words(figure).replace("\n", "").replace(" ", "")


def test_equal_heatmaps_give_equal_files():
    for kind in ("png", "svg", "pdf"):
        first, second = (figure_bytes(draw_heatmap(data(), ART), kind) for _ in range(2))
        assert first == second and len(first) > 1000
    assert ET.fromstring(figure_bytes(draw_heatmap(data(), ART), "svg")).tag.endswith("svg")


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"image": ART[:10]}, "image"),
        ({"image": ART.astype(float)}, "image"),
        ({"style": "heat"}, "style"),
        ({"colormap": "jet"}, "colormap"),
        ({"scale_max": 0.0}, "scale_max"),
    ],
)
def test_bad_arguments_are_named(arguments, name):
    with pytest.raises(ParameterError, match=name):
        draw_heatmap(data(), **{"image": ART, **arguments})


# -- fonts


def needs_fonts_for(text):
    if missing_scripts(text):
        pytest.skip(f"no installed font for {missing_scripts(text)}")


@pytest.mark.parametrize(
    "name",
    ["สถานีสยาม", "Bến Thành", "人民广场站", "Δημοτικό Θέατρο", "Комсомольская", "신도림역", "東京駅ひがし"],
)
def test_every_letter_of_a_name_has_a_glyph(name):
    """Drawing warns about a missing glyph, and a warning fails this test."""
    needs_fonts_for(name)
    found = []
    figure = draw_heatmap(data(name=name, group=name), ART, findings=found)
    assert name in words(figure) and found == []
    figure_bytes(figure)


def test_text_in_other_scripts_is_not_drawn_as_equal_boxes():
    """Two Thai words of the same length look different: a box for every letter would not."""
    needs_fonts_for("กขค")
    one, two = (pixels(draw_heatmap(data(name=name), ART)) for name in ("กกกก", "มมมม"))
    assert one.shape == two.shape and np.abs(one - two).max() > 0.5


def test_a_script_without_a_font_is_named_and_replaced(monkeypatch):
    monkeypatch.setattr(fonts, "_installed", lambda: ())
    fonts._cover.cache_clear()
    try:
        assert missing_scripts("สยาม") == ["Thai"]
        assert families_for("สยาม") == [fonts.BASE_FAMILY]
        found = []
        figure = draw_heatmap(data(name="สยาม", group="人民"), ART, findings=found)
        assert "board-a" in words(figure) and "\\u4eba" in words(figure)
        assert [item.code for item in found] == ["font_missing", "font_missing"]
        assert "Thai" in found[0].message and "Cjk" in found[1].message
        figure_bytes(figure)
        with pytest.warns(UserWarning, match="Thai"):
            draw_heatmap(data(name="สยาม"), ART)
    finally:
        fonts._cover.cache_clear()


def test_width_estimate_is_not_too_narrow():
    figure = draw_heatmap(data(name="Platform WMWM 2 north, exit to the main hall"), ART)
    figure.draw_without_rendering()
    title = figure.texts[0]
    estimate = captions.width_em(title.get_text()) * title.get_fontsize() / 72 * figure.dpi
    assert estimate >= title.get_window_extent().width * 0.95
