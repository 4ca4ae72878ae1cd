"""What other people's programs say about the forms and sheets that protocols become."""

import shutil
import subprocess

import pytest
from pyxform.xls2xform import convert

from gazestudy.protocol import list_templates, load_protocol
from gazestudy.protocol.targets import export_protocol

TEMPLATES = [template.name for template in list_templates()]
PLACEMENTS = ((), ("A1", "hall-east"))


def has_java() -> bool:
    try:
        return (
            subprocess.run(["java", "-version"], capture_output=True, check=False, timeout=60).returncode == 0
        )
    except (OSError, subprocess.TimeoutExpired):
        return False


needs_java = pytest.mark.skipif(not has_java(), reason="Java is not installed: ODK Validate cannot run")
needs_poppler = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler-utils is not installed")


@pytest.mark.parametrize("placements", PLACEMENTS, ids=["open", "named"])
@pytest.mark.parametrize("name", TEMPLATES)
def test_pyxform_has_no_warning(name, placements, tmp_path):
    export_protocol(load_protocol(name), "xlsform", tmp_path / "form.xlsx", placements=placements)
    assert convert(tmp_path / "form.xlsx", validate=False).warnings == []


@needs_java
@pytest.mark.parametrize("name", TEMPLATES)
def test_odk_validate_accepts_the_form(name, tmp_path):
    export_protocol(
        load_protocol(name), "xlsform", tmp_path / "form.xlsx", placements=PLACEMENTS[1], language="th"
    )
    assert convert(tmp_path / "form.xlsx", validate=True).warnings == []  # raises where it is refused


@needs_java
def test_odk_validate_would_notice(tmp_path):
    """The validator does run: a broken expression, which pyxform lets pass, is refused."""
    import openpyxl
    from pyxform.validators.odk_validate import ODKValidateError

    export_protocol(load_protocol("station_point_observation"), "xlsform", tmp_path / "form.xlsx")
    book = openpyxl.load_workbook(tmp_path / "form.xlsx")
    page = book["survey"]
    column = [cell.value for cell in page[1]].index("constraint") + 1
    row = next(cell.row for cell in page["B"] if cell.value == "passed")
    page.cell(row, column).value = ". >= ("
    book.save(tmp_path / "broken.xlsx")
    with pytest.raises(ODKValidateError):
        convert(tmp_path / "broken.xlsx", validate=True)


@needs_poppler
@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "Hips crossed the counted line"),
        ("vi", "Hông qua vạch đếm"),
        ("zh", "髋部越过计数线"),
        ("th", "สะโพก"),
    ],
)
def test_another_reader_finds_the_words_and_only_embedded_fonts(language, words, tmp_path):
    from gazestudy.protocol.targets.pdf.fonts import MissingFontError

    try:
        export_protocol(
            load_protocol("station_point_observation"),
            "pdf",
            tmp_path / "s.pdf",
            language=language,
            sessions=("S-1",),
        )
    except MissingFontError as error:
        pytest.skip(str(error))
    text = subprocess.run(
        ["pdftotext", "-enc", "UTF-8", tmp_path / "s.pdf", "-"], capture_output=True, check=True
    ).stdout.decode()
    pages = text.split("\f")[:-1]
    assert all("S-1" in page for page in pages)
    assert "".join(words.split()) in "".join(text.split())
    listed = subprocess.run(["pdffonts", tmp_path / "s.pdf"], capture_output=True, check=True).stdout.decode()
    for line in listed.splitlines()[2:]:
        name, embedded = line.split()[0], line.split()[-5]
        assert embedded == "yes" or name == "Helvetica", line


@needs_poppler
def test_the_qr_code_holds_the_session_id(tmp_path):
    from gazestudy._cv2 import cv2

    export_protocol(
        load_protocol("focal_follow"), "pdf", tmp_path / "s.pdf", sessions=("siam-p3-20261123-0800",)
    )
    subprocess.run(
        ["pdftoppm", "-r", "150", "-png", "-singlefile", tmp_path / "s.pdf", tmp_path / "page"], check=True
    )
    picture = cv2.imread(str(tmp_path / "page.png"))
    found, *_ = cv2.QRCodeDetector().detectAndDecode(picture)
    assert found == "siam-p3-20261123-0800"
