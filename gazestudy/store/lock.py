"""The lock of a study: one process writes, and the next one is told who that is.

The lock is a small file, since operating-system locks do not work on every network share. A lock whose
process is dead is taken over when it was made on this computer; of another computer nothing can be known.
"""

from __future__ import annotations

import getpass
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gazestudy.errors import StudyLockedError
from gazestudy.store.atomic import file_trouble

LOCK_NAME = "study.lock"

_GUARD_WAIT_S = 5.0
_UNREADABLE_WAIT_S = 1.0  # a lock without text is being written right now, or its writer died doing it


@dataclass(frozen=True, slots=True)
class LockHolder:
    """Who has a study open for writing.

    Attributes
    ----------
    host, user : str
        Computer and account.
    process_id : int
        Process on that computer.
    process_start : str
        When that process started, as the system says it; empty where it does not. It tells a process from a
        later one with the same number.
    since_utc : str
        When the lock was taken.
    token : str
        Random, so that nobody removes another's lock.
    """

    host: str
    user: str
    process_id: int
    process_start: str
    since_utc: str
    token: str

    def __str__(self) -> str:
        since = self.since_utc[:16].replace("T", " ")
        return f"{self.user} on {self.host}, process {self.process_id}, since {since} UTC"

    def is_dead(self) -> bool:
        """Return True if the process is certainly gone; False if it lives or nothing can be known."""
        if self.host != socket.gethostname():
            return False
        if not _is_alive(self.process_id):
            return True
        now = process_start(self.process_id)
        return bool(self.process_start and now and now != self.process_start)


class StudyLock:
    """The lock file of one study.

    Parameters
    ----------
    root : Path
        The study folder.
    """

    def __init__(self, root: Path) -> None:
        self.path = root / LOCK_NAME
        self._mine: LockHolder | None = None

    def acquire(self) -> None:
        """Take the lock, also from a process that died.

        Raises
        ------
        StudyLockedError
            If somebody else holds it; names who.
        StudyError
            If the folder cannot be written.
        """
        mine = _myself()
        content = json.dumps(asdict(mine)).encode()
        while not self._create(content):
            holder = self._holder_patiently()
            if holder is None or holder.is_dead():
                self._take_away(holder)
            else:
                raise StudyLockedError(
                    f"{self.path.parent}: the study is open for writing by {holder}. Close it there, or"
                    f" open it read-only. If that program is no longer running, delete {LOCK_NAME}"
                )
        self._mine = mine

    @property
    def token(self) -> str:
        """What tells this lock from others; empty while it is not held."""
        return "" if self._mine is None else self._mine.token

    def release(self) -> None:
        """Give the lock back; does nothing if it is not ours."""
        if self._mine is not None and read_holder(self.path) == self._mine:
            self.path.unlink(missing_ok=True)
        self._mine = None

    def _create(self, content: bytes) -> bool:
        with file_trouble("locking", self.path):
            try:
                file = self.path.open("xb")
            except FileExistsError:
                return False
            except PermissionError:
                # Windows: the old lock is being deleted at this moment
                if os.name == "nt" and self.path.exists():
                    return False
                raise
            with file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        return True

    def _holder_patiently(self) -> LockHolder | None:
        deadline = time.monotonic() + _UNREADABLE_WAIT_S
        while (holder := read_holder(self.path)) is None and self.path.exists():
            if time.monotonic() > deadline:
                break
            time.sleep(0.05)
        return holder

    def _take_away(self, stale: LockHolder | None) -> None:
        """Remove a stale lock; of several processes that try, one at a time looks again and removes."""
        guard = self.path.with_name(f"{LOCK_NAME}.takeover")
        with file_trouble("locking", self.path):
            try:
                guard.touch(exist_ok=False)
            except FileExistsError:
                self._wait_for(guard)
                return
            try:
                if read_holder(self.path) == stale:
                    self.path.unlink(missing_ok=True)
            finally:
                guard.unlink(missing_ok=True)

    def _wait_for(self, guard: Path) -> None:
        """Wait until a guard, which lives for milliseconds, is gone; one that stays is of a crash."""
        deadline = time.monotonic() + _GUARD_WAIT_S
        while guard.exists():
            if time.monotonic() > deadline:
                guard.unlink(missing_ok=True)
            time.sleep(0.02)


def read_holder(path: Path) -> LockHolder | None:
    """Return who wrote a lock file, None if there is none or it cannot be read."""
    try:
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return LockHolder(**values)
    except (OSError, ValueError, TypeError):
        return None


def user_name() -> str:
    """Return who works here, for locks and for what people say."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # an account without a name, as in some containers
        return "unknown user"


def _myself() -> LockHolder:
    return LockHolder(
        host=socket.gethostname(),
        user=user_name(),
        process_id=os.getpid(),
        process_start=process_start(os.getpid()),
        since_utc=datetime.now(UTC).isoformat(timespec="seconds"),
        token=secrets.token_hex(8),
    )


def process_start(process_id: int) -> str:
    """Return when a process started, in the system's own words; empty where that cannot be learnt.

    Parameters
    ----------
    process_id : int
        A process of this computer.

    Returns
    -------
    str
        Equal for equal processes; includes the boot on Linux, since start times count from it.
    """
    try:
        if sys.platform == "win32":
            return _windows_start(process_id)
        if Path("/proc/self/stat").exists():
            # The command name may hold spaces and brackets; fields count from behind it.
            fields = Path(f"/proc/{process_id}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
            return f"{boot} {fields[19]}"
        command = ["ps", "-o", "lstart=", "-p", str(process_id)]
        environment = {**os.environ, "LC_ALL": "C"}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        return done.stdout.strip()
    except (OSError, IndexError, UnicodeDecodeError):
        return ""


def _is_alive(process_id: int) -> bool:
    if sys.platform == "win32":
        return _windows_alive(process_id)
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    _QUERY_LIMITED_INFORMATION = 0x1000
    _STILL_ACTIVE = 259
    _ACCESS_DENIED = 5

    def _windows_alive(process_id: int) -> bool:
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.OpenProcess.restype = wintypes.HANDLE
        handle = kernel.OpenProcess(_QUERY_LIMITED_INFORMATION, False, process_id)
        if not handle:
            return ctypes.get_last_error() == _ACCESS_DENIED
        code = wintypes.DWORD()
        known = kernel.GetExitCodeProcess(wintypes.HANDLE(handle), ctypes.byref(code))
        kernel.CloseHandle(wintypes.HANDLE(handle))
        return not known or code.value == _STILL_ACTIVE

    def _windows_start(process_id: int) -> str:
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.OpenProcess.restype = wintypes.HANDLE
        handle = kernel.OpenProcess(_QUERY_LIMITED_INFORMATION, False, process_id)
        if not handle:
            return ""
        times = [wintypes.FILETIME() for _ in range(4)]
        known = kernel.GetProcessTimes(wintypes.HANDLE(handle), *(ctypes.byref(moment) for moment in times))
        kernel.CloseHandle(wintypes.HANDLE(handle))
        return f"{times[0].dwHighDateTime}:{times[0].dwLowDateTime}" if known else ""
