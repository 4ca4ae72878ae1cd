"""Pictures of a scene video for the player: decoded in a thread, found by number, kept for a while."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from PyQt6.QtCore import QObject, pyqtSignal
from PyQt6.QtGui import QImage

from gazestudy_gui.thrift import give_back

_CACHE_BYTES = 56 << 20
_AHEAD = 4
_BACK = 30
_REFILL = 8
_LEAST = 8
_THRIFT = 50


class FrameCache:
    """Decoded pictures by number, the least recently used goes first.

    Parameters
    ----------
    decode : callable
        Number to picture (`SceneVideo.decoded`).
    capacity : int
        How many pictures to keep.
    """

    def __init__(self, decode: Callable[[int], Any], capacity: int) -> None:
        self._decode, self._capacity = decode, max(_LEAST, capacity)
        self._kept: OrderedDict[int, Any] = OrderedDict()

    def __contains__(self, number: int) -> bool:
        return number in self._kept

    def get(self, number: int) -> Any:
        """Return a picture, decoding it if need be."""
        if number in self._kept:
            self._kept.move_to_end(number)
            return self._kept[number]
        picture = self._decode(number)
        self._kept[number] = picture
        while len(self._kept) > self._capacity:
            self._kept.popitem(last=False)
        return picture

    @property
    def reach(self) -> int:
        """How many pictures to fetch at once when going backwards."""
        return min(_BACK, self._capacity - 4)


class FrameSource(QObject):
    """Delivers pictures as images; of several wishes the newest one wins.

    Going forward the next few pictures are decoded while the window is busy with the last one; going
    backward a whole stretch is decoded at once, since a video can only be decoded forward.

    Parameters
    ----------
    video : SceneVideo
        The pictures; used by the thread of this object only, from now on.
    parent : QObject, optional
        Owner. `close` must be called before it goes.
    """

    ready = pyqtSignal(int, QImage)
    failed = pyqtSignal(int, object)

    def __init__(self, video: Any, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._video = video
        self._count = len(video)
        bytes_each = max(1, video.width_px * video.height_px * 3 // 2)
        self._cache = FrameCache(video.decoded, _CACHE_BYTES // bytes_each)
        self._wake = threading.Condition()
        self._wish: int | None = None
        self._last = -1
        self._served = 0
        self._is_closing = False
        self._thread = threading.Thread(target=self._run, name="frames", daemon=True)
        self._thread.start()

    def ask(self, number: int) -> None:
        """Ask for a picture; it comes with `ready`."""
        with self._wake:
            self._wish = number
            self._wake.notify()

    def close(self) -> None:
        """End the thread, close the video, and wait for that."""
        with self._wake:
            self._is_closing = True
            self._wake.notify()
        self._thread.join()

    def _run(self) -> None:
        ahead: list[int] = []
        while True:
            with self._wake:
                while self._wish is None and not ahead and not self._is_closing:
                    self._wake.wait()
                if self._is_closing:
                    break
                number, self._wish = self._wish, None
            ahead = self._fetch_one(ahead) if number is None else self._serve(number)
        self._video.close()

    def _serve(self, number: int) -> list[int]:
        """Deliver a picture and return what to decode next while nothing is asked."""
        goes_back = 0 < self._last - number <= self._cache.reach
        try:
            if goes_back and number not in self._cache:
                for earlier in range(max(0, number - self._cache.reach + 1), number):
                    self._cache.get(earlier)
            image = to_image(self._cache.get(number))
        except Exception as error:  # damaged pictures, or a disk that went away
            self._last = number
            self._tell(self.failed, number, error)
            return []
        self._last = number
        self._tell(self.ready, number, image)
        self._served += 1
        if self._served % _THRIFT == 0:
            give_back()
        if goes_back:
            # the stretch before this one, before it is needed
            first = next(
                (n for n in range(number, number - _REFILL, -1) if n >= 0 and n not in self._cache), None
            )
            if first is None:
                return []
            return list(range(max(0, first - self._cache.reach // 2 + 1), first + 1))
        return list(range(number + 1, min(number + 1 + _AHEAD, self._count)))

    def _fetch_one(self, ahead: list[int]) -> list[int]:
        try:
            self._cache.get(ahead[0])
        except Exception:  # told when it is asked for
            return []
        return ahead[1:]

    def _tell(self, signal: Any, number: int, value: object) -> None:
        if not self._is_closing:
            signal.emit(number, value)


def to_image(picture: Any) -> QImage:
    """Return a decoded picture as an image that owns its pixels.

    Parameters
    ----------
    picture : av.VideoFrame
        From `SceneVideo.decoded`.
    """
    pixels = picture.to_ndarray(format="bgra")
    height, width = pixels.shape[:2]
    return QImage(pixels.data, width, height, pixels.strides[0], QImage.Format.Format_RGB32).copy()
