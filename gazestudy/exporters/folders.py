"""Folders and files that appear whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gazestudy.errors import InputError


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """Give a folder beside `target` to fill; it gets the name `target` when nothing went wrong.

    Parameters
    ----------
    target : Path
        The folder to make.

    Yields
    ------
    Path
        The folder to fill.

    Raises
    ------
    InputError
        If `target` exists already and is not an empty folder.
    """
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise InputError(target, "something is there already", advice="Choose a name that is free")
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        yield partial
        if target.exists():
            target.rmdir()
        partial.chmod(0o755)  # mkdtemp makes it private
        partial.replace(target)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


@contextmanager
def new_file(target: Path) -> Iterator[Path]:
    """Give a file name beside `target` to write; it replaces `target` when nothing went wrong."""
    handle, name = tempfile.mkstemp(prefix=f".{target.stem}-", suffix=target.suffix, dir=target.parent)
    os.close(handle)
    partial = Path(name)
    try:
        yield partial
        partial.chmod(0o644)
        partial.replace(target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def write_json(path: Path, values: dict[str, Any]) -> None:
    """Write JSON as people read it."""
    text = json.dumps(values, indent=4, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")
