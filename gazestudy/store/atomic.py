"""Files and folders that are either there whole or not there at all.

A file is written under a temporary name, flushed to the disk and renamed. A folder is filled under a
temporary name and carries the file `unfinished.tmp` until the database knows it (or has forgotten it); a
crash in between leaves that mark, and `sweep` then follows the database.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gazestudy.errors import StudyError
from gazestudy.progress import SILENT, Progress, raise_if_cancelled

MARK = "unfinished.tmp"
CHUNK_BYTES = 1 << 20

_TEMPORARY = re.compile(r"\.[0-9a-f]{8}\.tmp(-journal)?$")
_ADVICE = {
    errno.ENOSPC: "the disk is full; free some space and try again",
    errno.EDQUOT: "the disk quota is used up; free some space and try again",
    errno.EACCES: "permission denied; check who may write there, or open the study read-only",
    errno.EPERM: "permission denied; check who may write there, or open the study read-only",
    errno.EROFS: "the disk is read-only; open the study read-only or copy it elsewhere",
}


def temporary_name(path: Path) -> Path:
    """Return a fresh temporary name beside `path`, which `sweep` knows to remove."""
    return path.with_name(f"{path.name}.{secrets.token_hex(4)}.tmp")


def is_leftover(path: Path) -> bool:
    """Return True if the name of `path` is one that `temporary_name` gives."""
    return _TEMPORARY.search(path.name) is not None


@contextmanager
def file_trouble(doing: str, path: Path) -> Iterator[None]:
    """Turn an error of the operating system into a `StudyError`.

    Parameters
    ----------
    doing : str
        What is being done, such as "writing".
    path : Path
        Which file or folder.

    Raises
    ------
    StudyError
        With the path, what was being done, and what to do about it.
    """
    try:
        yield
    except OSError as error:
        reason = _ADVICE.get(error.errno or 0, error.strerror or str(error))
        raise StudyError(f"{path}: {doing} it did not work: {reason}") from error


def sync_folder(folder: Path) -> None:
    """Flush the entries of a folder to the disk, where the system can do that (not on Windows)."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all.

    Parameters
    ----------
    path : Path
        The file; what was there is replaced.
    content : bytes
        Its new content.

    Raises
    ------
    StudyError
        If the disk is full, read-only or the like; the old file is untouched then.
    """
    with file_trouble("writing", path):
        temporary = temporary_name(path)
        try:
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            rename(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


def copy_file(source: Path, target: Path, progress: Progress = SILENT) -> tuple[str, int]:
    """Copy a file and return the SHA-256 and the size of what was copied.

    Parameters
    ----------
    source, target : Path
        From where to where; `target` is a new file in a folder that is still being filled.
    progress : Progress, optional
        Hears of every MiB and may cancel.

    Returns
    -------
    tuple of (str, int)
        Hexadecimal hash and number of bytes.
    """
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as reader, target.open("xb") as writer:
        while chunk := reader.read(CHUNK_BYTES):
            raise_if_cancelled(progress)
            digest.update(chunk)
            writer.write(chunk)
            size += len(chunk)
            progress.advance()
        writer.flush()
        os.fsync(writer.fileno())
    return digest.hexdigest(), size


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def rename(source: Path, target: Path) -> None:
    """Rename a file over `target`, or a folder to a name that is free, and flush the folder they are in.

    On Windows a virus scanner may hold a new file for a moment; the rename is tried for a second then.
    """
    for attempt in range(20):
        try:
            source.replace(target)
            break
        except PermissionError:
            if os.name != "nt" or attempt == 19:
                raise
            time.sleep(0.05)
    sync_folder(target.parent)


@contextmanager
def filled_folder(target: Path) -> Iterator[Path]:
    """Give a temporary folder to fill, marked as unfinished; it stays when the block ends well.

    Parameters
    ----------
    target : Path
        What the folder is to become; its parents are made.

    Yields
    ------
    Path
        The folder to fill, for `publish`. Files in it are to be flushed by whoever writes them.
    """
    temporary = temporary_name(target)
    with file_trouble("writing", target):
        try:
            temporary.mkdir(parents=True)
            (temporary / MARK).touch()
            yield temporary
            sync_folder(temporary)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise


def publish(filled: Path, target: Path) -> None:
    """Give a filled folder its name; what was there, unknown to the database, goes."""
    with file_trouble("writing", target):
        remove_folder(target)
        rename(filled, target)


@contextmanager
def recording_of(folder: Path) -> Iterator[None]:
    """Take the mark off a published folder once the block has recorded it; remove it if that failed.

    After an interrupt (Ctrl-C) nothing is known about the record: the mark stays for the next sweep.
    """
    try:
        yield
    except Exception:
        remove_folder(folder)
        raise
    settle(folder)


def mark(folder: Path) -> None:
    """Note that the database decides whether `folder` stays; to be done before it forgets the folder."""
    if folder.is_dir():
        with file_trouble("changing", folder):
            (folder / MARK).touch()


def settle(folder: Path) -> None:
    """Take the mark off a folder that the database knows."""
    _unlink_quietly(folder / MARK)


def remove_folder(folder: Path) -> None:
    """Remove a folder the database does not know; one with a file in use is left to the next sweep."""
    if not folder.is_dir():
        return
    doomed = temporary_name(folder)
    try:
        folder.rename(doomed)  # gone at once, whatever happens on the way through its files
    except OSError:
        mark(folder)
        return
    shutil.rmtree(doomed, ignore_errors=True)


def leftovers(root: Path) -> list[Path]:
    """Return the temporary files and the marked folders that an interrupted program left in a study.

    Parameters
    ----------
    root : Path
        The study folder.

    Returns
    -------
    list of Path
        Temporary files and folders, and marked folders (which the database decides about).
    """
    found: list[Path] = []
    for folder, folders, files in os.walk(root):
        place = Path(folder)
        if MARK in files:
            found.append(place)
        temporary = [name for name in folders if is_leftover(Path(name))]
        found.extend(place / name for name in temporary)
        found.extend(place / name for name in files if is_leftover(Path(name)))
        folders[:] = [name for name in folders if name not in temporary]
    return found


def sweep(root: Path, known: set[str]) -> int:
    """Remove what an interrupted program left behind; only for the holder of the lock.

    Parameters
    ----------
    root : Path
        The study folder.
    known : set of str
        Folders the database knows, relative to `root`, with "/".

    Returns
    -------
    int
        How many leftovers were dealt with.
    """
    found = leftovers(root)
    for path in found:
        if is_leftover(path):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                _unlink_quietly(path)
        elif path.relative_to(root).as_posix() in known:
            settle(path)
        else:
            remove_folder(path)
    return len(found)


def _unlink_quietly(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return  # in use on Windows: the next sweep gets it
