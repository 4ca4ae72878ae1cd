"""Printed sheets: whatever the language and the paper, all is there, nothing is cut off and no glyph is missing."""

import io
import itertools
import re
import zlib

import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.ttLib import TTFont

from gazestudy.protocol import list_templates, load_protocol
from gazestudy.protocol.targets import export_protocol
from gazestudy.protocol.targets.pdf import fonts, text
from gazestudy.protocol.targets.pdf.fonts import FontFile, MissingFontError, embeddable, fonts_for
from gazestudy.protocol.targets.pdf.text import Typesetter, atoms, clusters

TEMPLATES = [template.name for template in list_templates()]
SAMPLES = {"th": "ที่ปี้ น้ำ ผู้ใหญ่", "vi": "Đường số 1, người", "zh": "看了一眼"}


def can_write(language):
    try:
        fonts_for(SAMPLES.get(language, "x"))
    except MissingFontError:
        return False
    return True


needs = {
    language: pytest.mark.skipif(not can_write(language), reason=f"no font for {language} is installed")
    for language in ("en", "th", "vi", "zh")
}
LANGUAGES = [pytest.param(language, marks=mark) for language, mark in needs.items()]


@pytest.fixture
def drawn(monkeypatch):
    """Collect what is drawn: text with its box, on which page."""
    pieces = []
    page = [1]
    real = Typesetter.draw

    def draw(self, canvas, x, y, words, size, *, bold=False, align="left"):
        width = real(self, canvas, x, y, words, size, bold=bold, align=align)
        left = x - {"left": 0.0, "centre": width / 2, "right": width}[align]
        pieces.append((canvas.getPageNumber(), left, left + width, y, size, words, canvas._pagesize))
        return width

    monkeypatch.setattr(Typesetter, "draw", draw)
    return pieces, page


def overlaps(pieces):
    """Return pairs of texts on one page that lie on each other."""
    found = []
    for page in {piece[0] for piece in pieces}:
        here = [piece for piece in pieces if piece[0] == page and piece[5].strip()]
        boxes = np.array([(left, right, y, y + 0.7 * size) for _, left, right, y, size, *_ in here])
        wide = np.minimum.outer(boxes[:, 1], boxes[:, 1]) - np.maximum.outer(boxes[:, 0], boxes[:, 0])
        high = np.minimum.outer(boxes[:, 3], boxes[:, 3]) - np.maximum.outer(boxes[:, 2], boxes[:, 2])
        for i, j in np.argwhere((wide > 0.5) & (high > 0.5)):
            if i < j:
                found.append((here[i][5], here[j][5]))
    return found


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", TEMPLATES)
def test_nothing_is_cut_off_and_nothing_overlaps(name, language, drawn, tmp_path):
    paper = "Letter" if language in ("vi", "zh") else "A4"
    export_protocol(
        load_protocol(name), "pdf", tmp_path / "s.pdf", language=language, paper=paper, sessions=("S-1",)
    )
    pieces, _ = drawn
    for _, left, right, y, size, words, (width, height) in pieces:
        assert 28 <= left <= right <= width - 28, words
        assert y >= 28 and y + size <= height - 20, words
    assert overlaps(pieces) == []
    told = " ".join(piece[5] for piece in pieces)
    squeezed = re.sub(r"\s", "", told)
    protocol = load_protocol(name)
    for block in protocol.item_blocks():
        for item in block.items:
            for part in (item.label, item.definition):
                wanted = re.sub(r"\s", "", protocol.text(part, language))
                assert wanted in squeezed, wanted
    for block in protocol.focal_blocks():
        for one in block.behaviours:
            assert re.sub(r"\s", "", protocol.text(one.definition, language)) in squeezed


def test_every_page_says_whose_it_is(point, drawn, tmp_path):
    export_protocol(point, "pdf", tmp_path / "s.pdf", sessions=("S-1", "S-2"), prefill={"station_id": "SIAM"})
    pieces, _ = drawn
    pages = sorted({piece[0] for piece in pieces})
    each = len(pages) // 2
    for page in pages:
        words = [piece[5] for piece in pieces if piece[0] == page]
        session = "S-1" if page <= each else "S-2"
        number = (page - 1) % each + 1
        assert f"Session id: {session}" in words
        assert f"{session} · page {number} of {each}" in words
        assert "SIAM" in words and "Start" in words and "Stop" in words


def test_twelve_intervals_are_on_a_page_and_tally_cells_are_large_enough(point, drawn, tmp_path):
    export_protocol(point, "pdf", tmp_path / "s.pdf", length_s=7200)
    heads = [piece for piece in drawn[0] if re.fullmatch(r"\d+–\d+", piece[5])]
    by_page = {page: [one for one in heads if one[0] == page] for page in {one[0] for one in heads}}
    assert sum(len(one) for one in by_page.values()) == 24
    assert max(len(one) for one in by_page.values()) == 12
    centres = sorted((left + right) / 2 for _, left, right, *_ in next(iter(by_page.values())))
    millimetres = (centres[1] - centres[0]) / 72 * 25.4
    assert millimetres >= 12


@needs["zh"]
@needs["th"]
def test_all_fonts_are_embedded(point, tmp_path):
    for language in ("th", "zh"):
        export_protocol(point, "pdf", tmp_path / f"{language}.pdf", language=language)
        data = (tmp_path / f"{language}.pdf").read_bytes()
        named = set(re.findall(rb"/BaseFont /([\w+-]+)", data))
        embedded = set(re.findall(rb"/FontName /([\w+-]+)", data))
        assert len(re.findall(rb"/FontFile2", data)) == len(embedded)
        used = {name for name in named if b"Helvetica" not in name}
        assert used and used <= embedded
        assert b"Helvetica" not in content_of(data)


def content_of(data):
    """Return the resources of the pages that name a font which is used."""
    streams = re.findall(rb"stream\r?\n(.*?)endstream", data, flags=re.S)
    found = b""
    for stream in streams:
        import base64

        try:
            found += zlib.decompress(
                base64.a85decode(stream.strip(), adobe=False) if b"~>" in stream else stream
            )
        except (ValueError, zlib.error):
            continue
    return found


@needs["th"]
def test_thai_marks_are_placed_by_the_font(tmp_path):
    """The tone mark over a vowel is lifted: HarfBuzz, asked directly, says the same."""
    import uharfbuzz
    from reportlab.pdfbase.ttfonts import shapeStr

    word = "ที่ปี้"
    setter = Typesetter(word)
    (name, _, width), *more = setter._runs(word, 10, False)
    assert more == []
    font = next(one for one, plain, _ in setter._fonts if plain == name)
    face = uharfbuzz.Face(uharfbuzz.Blob.from_file_path(str(font.path)))
    buffer = uharfbuzz.Buffer()
    buffer.add_str(word)
    buffer.guess_segment_properties()
    uharfbuzz.shape(uharfbuzz.Font(face), buffer)
    scale = 1000 / face.upem
    expected = [
        (one.x_offset * scale, one.y_offset * scale, one.x_advance * scale) for one in buffer.glyph_positions
    ]
    found = [(one.x_offset, one.y_offset, one.x_advance) for one in shapeStr(word, name, 10).__shapeData__]
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one == pytest.approx(other, abs=1.0)
    assert width == pytest.approx(sum(one[2] for one in expected) / 100, abs=0.05)
    assert sum(one[0] != 0 or one[1] != 0 for one in found) >= 2  # the two tone marks


@pytest.mark.parametrize(
    "words",
    [
        "เดินผ่านป้ายโฆษณาในสถานีรถไฟฟ้าตามกระแสคน",
        "看，“一眼”：车站（站厅）。",
        "two words, and 25 %",
        "ที่ปี้ น้ำ 3 s",
    ],
)
def test_breaking_loses_nothing_and_cuts_no_syllable(words):
    parts = atoms(words)
    assert "".join(parts) == words
    for before, after in itertools.pairwise(parts):
        assert after[0] not in "，。：”）ๆะาำ่้๊๋็ัิีึืุู"
        assert before[-1] not in "“（เแโใไ"
        assert not before.endswith("ระ") or not after.startswith("แส")
    assert "".join(clusters(words)) == words


def test_two_sets_of_letters_of_one_font_do_not_mix():
    """PDF writing knows fonts by their inner name; the second set must not be looked up in the first."""
    Typesetter("Station point")
    second = Typesetter("Quan sát tại một điểm")
    shown = [shaped for _, shaped, _ in second._runs("Quan sát tại một điểm", 9, False)]
    assert "".join(shown) == "Quan sát tại một điểm"


@needs["th"]
def test_lines_fit_their_width():
    setter = Typesetter("".join(SAMPLES.values()))
    lines = setter.wrap(SAMPLES["th"] * 6, 60, 9)
    assert len(lines) > 3
    assert max(setter.width(line, 9) for line in lines) <= 60


def test_a_script_without_a_font_is_named_with_what_to_install(monkeypatch):
    only = FontFile(fonts.Path("latin.ttf"), 0, frozenset(range(0x20, 0x250)))
    monkeypatch.setattr(fonts, "_preferred", lambda: iter([only]))
    monkeypatch.setattr(fonts, "_others", lambda: iter([]))
    assert fonts_for("Latin") == [only]
    with pytest.raises(MissingFontError, match=r"\(Thai: .*fonts-noto-core"):
        fonts_for("ชานชาลา")
    with pytest.raises(MissingFontError, match="fonts-wqy-zenhei"):
        fonts_for("站台")


def test_a_letter_that_was_not_prepared_is_no_box():
    setter = Typesetter("abc")
    with pytest.raises(MissingFontError):
        setter.width("\u0e01", 9)


@pytest.fixture
def cubic_font(tmp_path):
    """A font with cubic outlines, as Noto Sans CJK has them: a square for one Chinese letter."""
    builder = FontBuilder(1000, isTTF=False)
    builder.setupGlyphOrder([".notdef", "space", "zhan"])
    builder.setupCharacterMap({0x20: "space", 0x7AD9: "zhan"})
    outlines = {}
    for name in (".notdef", "space", "zhan"):
        pen = T2CharStringPen(1000, None)
        if name != "space":
            pen.moveTo((100, 0))
            pen.curveTo((100, 300), (300, 500), (600, 500))
            pen.lineTo((600, 0))
            pen.closePath()
        outlines[name] = pen.getCharString()
    builder.setupCFF("Cubic", {"FullName": "Cubic"}, outlines, {})
    builder.setupHorizontalMetrics({name: (1000, 100) for name in outlines})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Cubic", "styleName": "Regular", "psName": "Cubic"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(tmp_path / "cubic.otf")
    return FontFile(tmp_path / "cubic.otf", 0, frozenset({0x20, 0x7AD9}))


def test_cubic_outlines_become_truetype_that_can_be_embedded(cubic_font):
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont as Embedded
    from reportlab.pdfgen.canvas import Canvas

    made = embeddable(cubic_font, "站")
    font = TTFont(io.BytesIO(made))
    assert "glyf" in font and "CFF " not in font
    glyph = font["glyf"][font.getBestCmap()[0x7AD9]]
    assert (glyph.xMin, glyph.xMax, glyph.yMax) == (100, 600, 500)
    pdfmetrics.registerFont(Embedded("cubic-test", io.BytesIO(made)))
    page = io.BytesIO()
    canvas = Canvas(page)
    canvas.setFont("cubic-test", 20)
    canvas.drawString(50, 50, "站")
    canvas.save()
    assert b"FontFile2" in page.getvalue()


def test_always_holds_what_rules_need():
    assert set("≤≥“”·–") <= set(text.ALWAYS)
