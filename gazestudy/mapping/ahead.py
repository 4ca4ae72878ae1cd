"""Work that can be done ahead of following: decoding, undoing the lens, and searching key frames.

Following goes from frame to frame and cannot be divided; the rest can, and costs as much. What comes out does
not depend on how many threads there are.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from gazestudy._cv2 import cv2
from gazestudy.mapping.view import View

Bytes = NDArray[np.uint8]
T = TypeVar("T")

_FRAMES_AHEAD = 20  # waiting; a block of others is being made
_WAIT_S = 0.1


class Crew:
    """Does tasks in other threads, or at once where there is one thread.

    Parameters
    ----------
    threads : int
        How many threads the work may take, with the calling one.
    """

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._pool = ThreadPoolExecutor(threads - 1, "mapping") if threads > 1 else None

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def begin(self, task: Callable[[], T]) -> Future[T]:
        """Begin a task; ask the future for its result."""
        if self._pool is not None:
            return self._pool.submit(task)
        done: Future[T] = Future()
        done.set_result(task())
        return done


@dataclass(frozen=True, slots=True, eq=False)
class Prepared(Generic[T]):
    """A frame made ready.

    Attributes
    ----------
    frame : int
        Its number.
    t_ns : int
        Its time.
    view : View
        Its working view.
    sharpness : float
        Contrast of fine detail; to be compared with neighbouring frames only.
    search : Future or None
        What was found in it, for key frames.
    """

    frame: int
    t_ns: int
    view: View
    sharpness: float
    search: Future[T] | None


def prepared(
    frames: Iterable[tuple[int, int, Bytes]],
    see: Callable[[Bytes], View],
    search: Callable[[View], T] | None,
    *,
    interval: int,
    crew: Crew,
) -> Generator[Prepared[T], None, None]:
    """Make frames ready, in order.

    Parameters
    ----------
    frames : iterable of (int, int, ndarray of uint8)
        Frame number, time in ns, luma.
    see : callable
        Luma to working view.
    search : callable or None
        Searches key frames; None for none.
    interval : int
        The sharpest frame of so many is a key frame: a turn of the head blurs the others. Without a search
        no frame waits for others.
    crew : Crew
        Who does it.

    Yields
    ------
    Prepared
        Each frame; at most a few blocks of `interval` frames are held.
    """
    blocks = _blocks(frames, see, search, interval, crew)
    if crew.threads == 1:
        yield from blocks
    else:
        yield from _in_thread(blocks, _FRAMES_AHEAD)


def _blocks(
    frames: Iterable[tuple[int, int, Bytes]],
    see: Callable[[Bytes], View],
    search: Callable[[View], T] | None,
    interval: int,
    crew: Crew,
) -> Generator[Prepared[T], None, None]:
    block: list[tuple[int, int, View, float]] = []

    def done() -> Iterator[Prepared[T]]:
        key = max(range(len(block)), key=lambda n: block[n][3]) if block else -1
        for number, (frame, t_ns, view, sharp) in enumerate(block):
            found = None
            if search is not None and number == key:
                found = crew.begin(partial(search, view))
            yield Prepared(frame, t_ns, view, sharp, found)

    for frame, t_ns, luma in frames:
        view = see(luma)
        block.append((frame, t_ns, view, sharpness(view)))
        if search is None or len(block) == interval:
            yield from done()
            block = []
    yield from done()


def sharpness(view: View) -> float:
    """Return the mean size of the steps between neighbouring pixels in the middle of a view, grey levels."""
    height, width = view.small.shape
    middle = view.small[height // 4 : height - height // 4 : 2, width // 4 : width - width // 4]
    steps = cv2.norm(middle[:, 1:], middle[:, :-1], cv2.NORM_L2)
    return float(steps / max(middle.size, 1) ** 0.5)


class _Stopped(Exception):
    """The reader has gone."""


def _in_thread(items: Generator[T, None, None], ahead: int) -> Generator[T, None, None]:
    """Yield what an iterator yields, taken from it in another thread that is at most `ahead` items ahead."""
    box: queue.Queue[tuple[bool, T | BaseException | None]] = queue.Queue(ahead)
    stop = threading.Event()

    def put(entry: tuple[bool, T | BaseException | None]) -> None:
        while True:
            if stop.is_set():
                raise _Stopped
            try:
                return box.put(entry, timeout=_WAIT_S)
            except queue.Full:
                continue

    def work() -> None:
        try:
            with closing(items):
                for item in items:
                    put((True, item))
            put((False, None))
        except _Stopped:
            pass
        except BaseException as error:  # raised where the items are read
            with suppress(_Stopped):
                put((False, error))

    thread = threading.Thread(target=work, name="mapping-frames", daemon=True)
    thread.start()
    try:
        while True:
            more, item = box.get()
            if isinstance(item, BaseException):
                raise item
            if not more:
                return
            yield item  # type: ignore[misc]
    finally:
        stop.set()
        thread.join()
