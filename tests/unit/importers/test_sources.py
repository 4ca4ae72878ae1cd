"""Folders and zips, friendly and hostile."""

import gc
import hashlib
import os
import stat
import zipfile
from pathlib import Path

import pytest

from gazestudy.errors import InputError
from gazestudy.importers.sources import FolderSource, ZipSource, source_at, sources


def make_zip(path: Path, members: dict[str, bytes], *, edit=None, compression=zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = compression
            if edit is not None:
                edit(info)
            archive.writestr(info, content)
    return path


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("../gaze.csv", id="up"),
        pytest.param("a/../../gaze.csv", id="up-inside"),
        pytest.param("/etc/gaze.csv", id="absolute"),
        pytest.param("C:/gaze.csv", id="drive"),
        pytest.param("C:gaze.csv", id="drive-relative"),
        pytest.param("..\\gaze.csv", id="backslash"),
        pytest.param("\\\\server\\share\\gaze.csv", id="network"),
    ],
)
def test_zip_that_climbs_out_is_refused(tmp_path, name):
    path = make_zip(tmp_path / "a.zip", {"good/gaze.csv": b"t,x\n1,2\n", name: b"t,x\n"})
    with pytest.raises(InputError, match="outside of its folder"):
        list(sources(path))
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a.zip"]


def test_symbolic_link_in_zip_is_refused(tmp_path):
    def link(info):
        info.external_attr = (stat.S_IFLNK | 0o777) << 16

    path = make_zip(tmp_path / "a.zip", {"gaze.csv": b"/etc/passwd"}, edit=link)
    with pytest.raises(InputError, match="symbolic link"):
        list(sources(path))


def test_zip_bomb_is_refused_before_it_is_unpacked(tmp_path):
    path = make_zip(tmp_path / "a.zip", {"gaze.csv": bytes(101 * 2**20)})
    assert path.stat().st_size < 200_000
    with pytest.raises(InputError, match="grows from"):
        list(sources(path))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param(b"", "empty", id="no-bytes"),
        pytest.param(b"PK\x03\x04 and no more", "damaged", id="cut-off"),
        pytest.param(b"PK\x05\x06" + bytes(18), "the zip is empty", id="no-members"),
    ],
)
def test_broken_zip(tmp_path, content, problem):
    path = tmp_path / "a.zip"
    path.write_bytes(content)
    with pytest.raises(InputError, match=problem):
        list(sources(path))


def test_damaged_member_is_named(tmp_path):
    path = make_zip(tmp_path / "a.zip", {"gaze.csv": b"1,2\n" * 1000}, compression=zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    data[200:210] = b"##########"
    path.write_bytes(bytes(data))
    (source,) = sources(path)
    with pytest.raises(InputError, match=r"a\.zip.gaze\.csv: this file cannot be read"):
        source.read("gaze.csv")


def test_folders_of_a_zip(tmp_path):
    members = {
        "top.txt": b"x",
        "a/gaze.csv": b"1",
        "a/b/gaze.csv": b"22",
        "__MACOSX/a/._gaze.csv": b"junk",
        "a/.DS_Store": b"junk",
    }
    path = make_zip(tmp_path / "a.zip", members)
    found = {source.inner: source.names() for source in sources(path)}
    assert found == {"": ["top.txt"], "a": ["gaze.csv"], "a/b": ["gaze.csv"]}
    source = source_at(path, "a/b")
    assert (source.label, source.read("gaze.csv"), source.size_bytes("gaze.csv")) == ("b", b"22", 2)


def test_unpacked_file_lives_as_long_as_the_source(tmp_path):
    path = make_zip(tmp_path / "a.zip", {"scene.mp4": b"video" * 1000})
    source = ZipSource(path)
    unpacked = source.local("scene.mp4")
    assert unpacked.read_bytes() == b"video" * 1000
    assert source.local("scene.mp4") == unpacked
    folder = unpacked.parent
    del source
    gc.collect()
    assert not folder.exists()


def test_unpacked_file_stays_in_a_given_folder(tmp_path):
    path = make_zip(tmp_path / "a.zip", {"scene.mp4": b"video"})
    source = ZipSource(path, extract_to=tmp_path / "out")
    assert source.local("scene.mp4") == tmp_path / "out" / "scene.mp4"
    del source
    gc.collect()
    assert [entry.name for entry in (tmp_path / "out").iterdir()] == ["scene.mp4"]


def test_folders_are_searched_six_levels_deep(tmp_path):
    (tmp_path / "a" / "b" / "c" / "d" / "e" / "f" / "g").mkdir(parents=True)
    (tmp_path / ".hidden").mkdir()
    inner = ["", "a", "a/b", "a/b/c", "a/b/c/d", "a/b/c/d/e", "a/b/c/d/e/f"]
    assert [source.inner for source in sources(tmp_path)] == inner


def test_a_whole_disk_is_refused_rather_than_searched_in_part(tmp_path, monkeypatch):
    monkeypatch.setattr("gazestudy.importers.sources.MAX_FOLDERS", 3)
    for name in "abc":
        (tmp_path / name).mkdir()
    with pytest.raises(InputError, match=r"too many folders.*more than 3"):
        list(sources(tmp_path))


def test_hashes_are_those_of_the_files(tmp_path):
    (tmp_path / "big.bin").write_bytes(os.urandom(3 * 2**20 + 7))
    (found,) = FolderSource(tmp_path).hashes(["big.bin"])
    assert found.sha256 == hashlib.sha256((tmp_path / "big.bin").read_bytes()).hexdigest()
    assert found.size_bytes == 3 * 2**20 + 7


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        pytest.param(lambda path: None, "there is no such file or folder", id="missing"),
        pytest.param(lambda path: path.mkdir(), "the folder is empty", id="empty-folder"),
        pytest.param(lambda path: path.touch(), "the file is empty", id="empty-file"),
    ],
)
def test_nothing_to_read(tmp_path, make, problem):
    make(tmp_path / "here")
    with pytest.raises(InputError, match=problem):
        list(sources(tmp_path / "here"))


def test_unreadable_folder(tmp_path, monkeypatch):
    """Without permission; faked, because a test may run as an administrator who may read everything."""

    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    (tmp_path / "a").mkdir()
    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(InputError, match="Permission denied"):
        list(sources(tmp_path))


@pytest.mark.parametrize("content", [b"{", b"[1, 2]", b"\xff\xfe\xfd", b"[" * 100_000])
def test_broken_json(tmp_path, content):
    (tmp_path / "info.json").write_bytes(content)
    with pytest.raises(InputError, match=r"info\.json"):
        FolderSource(tmp_path).json("info.json")


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_that_is_not_there_is_named(tmp_path, packed):
    make_zip(tmp_path / "a.zip", {"gaze.csv": b"t,x\n"})
    (tmp_path / "a").mkdir()
    source = ZipSource(tmp_path / "a.zip") if packed else FolderSource(tmp_path / "a")
    for look in (source.size_bytes, source.open, source.read, source.unzipped):
        with pytest.raises(InputError, match=r"imu\.csv: there is no such file"):
            look("imu.csv")


def test_any_flipped_byte_in_a_zip_ends_in_one_clear_line(tmp_path):
    path = make_zip(tmp_path / "a.zip", {"walk/gaze.csv": b"t,x\n1,2\n" * 50})
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFE]) + whole[at + 1 :])
        try:
            for source in sources(path):
                for name in source.names():
                    source.read(name)
        except InputError as error:
            assert "\n" not in str(error)
