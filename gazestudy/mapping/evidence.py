"""Whether it is the picture itself that was followed, or a look-alike of the same campaign.

Two pictures of one campaign share the motif and differ in a part, mostly the lettering. Whoever walks by
hides parts of a picture as well. What tells them apart: a look-alike differs in the same part all the time
while its surroundings are seen well, and that part is no taller than lettering, or does not reach in from
below or from a side.
"""

from __future__ import annotations

import pickle
import zlib

import numpy as np
from numpy.typing import NDArray

from gazestudy._cv2 import cv2
from gazestudy.mapping.appearance import GRID, Appearance, nearest_cells, quantile

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Flags = NDArray[np.bool_]

_LEAST_CONTRAST = 10.0  # grey levels; fainter print drowns in noise now and then
_LEAST_SIGHT = 0.6  # correlation that most of the picture reaches; else the frame is too blurred to tell
_SIGHT_QUANTILE = 0.6  # people may hide the rest
_FEW_CELLS = 4
_LOSS, _LEAST_LOSS = 3.0, 0.12  # a cell fails that loses so much more correlation than most do
_SEEN_RIGHT = 0.25
_EDGE_SHARE = 0.15
_UPRIGHT_ROWS = 4
_FOOT_SHARE = 0.5
_TELLING_CELLS = 20  # a picture seen in fewer cells shows no lettering
_ALL_CELLS = 100  # in so many it shows as well as ever
_LARGEST_LOSS = 0.4  # where such a loss would pass for right, a frame tells nothing
_LEAST_SAY = 0.05
_EDGE = np.ones((GRID, GRID), dtype=bool)
_EDGE[:-1, 1:-1] = False  # nobody hangs from above

# the same for strokes, which correlate less and tell more
_LEAST_STROKE_SIGHT = 0.5
_STROKE_LOSS, _LEAST_STROKE_LOSS, _LARGEST_STROKE_LOSS = 2.0, 0.15, 0.9
_LEAST_STROKE_SAY = 0.02
_SHADES_SAY = 0.2  # of a cell without strokes that could be told
_TALL_ROWS = 5  # no line of lettering is so high; people are
_WIDE_COLUMNS = 14  # nor so wide at the lower edge; railings and benches are
_WORD_CELLS = 6  # smaller patches are noise, if they look right now and then
_LITTLE_PRINT = 40  # cells; where so few are printed on at all, one of them is a good part of a word
_SPARSE_PRINT, _MOSTLY_RIGHT = 64, 0.75  # a line of words and little else: half of it may be that of another
_LINE_CELLS, _CLEAR_ENOUGH = 10, 0.4  # so much lettering is another one, however faint it is printed
_NEAR_EDGE = np.ones((GRID, GRID), dtype=bool)
_NEAR_EDGE[:-2, 2:-2] = False

# of what was seen often, most must be read right most of the time, if no heads of a crowd are before it
_READ_CELLS = 3
_READ_RIGHT = np.full((GRID, GRID), 0.5, dtype=np.float32)
_READ_RIGHT[-2:] = 0.35

# a small mark of strong contrast that looks right in none of many frames is another one
_NEVER, _OFTEN, _STRONG_CONTRAST, _MARK_CELLS = 0.05, 10.0, 25.0, 3


class _Tally:
    """How often, weighted, each part of the picture was judged, and how often it looked right."""

    def __init__(self) -> None:
        self.judged, self.right, self.weight, self.plain, self.clear = np.zeros((5, GRID, GRID), np.float32)

    def add(self, say: Floats, right: Flags, look: Appearance, telling: Flags, frame_say: float) -> None:
        at = np.ix_(*(nearest_cells(count) for count in telling.shape))
        plain = look.in_image & ~telling
        self.judged += np.where(telling, say, 0.0)[at]
        self.right += np.where(right, say, 0.0)[at]
        self.weight += np.where(telling, say * look.weight, 0.0)[at]
        self.plain += frame_say * plain[at]
        self.clear += frame_say * (plain & look.clear)[at]

    def merge(self, other: _Tally) -> None:
        self.judged += other.judged
        self.right += other.right
        self.weight += other.weight
        self.plain += other.plain
        self.clear += other.clear

    @property
    def textured(self) -> Flags:
        """Parts that are mostly seen with texture."""
        result: Flags = (self.judged > 0) & (self.judged >= self.plain)
        return result

    @property
    def seen_right(self) -> Flags:
        """Parts that looked right in a fair share of the frames."""
        result: Flags = (self.judged > 0) & (self.right >= _SEEN_RIGHT * self.judged)
        return result

    def doubtful_patches(self, least: float | Singles = _SEEN_RIGHT) -> tuple[NDArray[np.int64], int]:
        """Return numbers of the connected patches that looked right in less than a share, 0 for the rest."""
        doubtful = np.where(self.textured, self.right < least * self.judged, self.clear < least * self.plain)
        return _patches(doubtful)

    def shortfall(self, least: float | Singles) -> Singles:
        """How far each part falls short of looking right in a share of the frames: 1 if it never did."""
        wanted = least * self.judged
        result: Singles = np.maximum(0.0, wanted - self.right) / np.where(wanted > 0, wanted, 1.0)
        return result

    def sound_share(self, suspect: Flags | Singles) -> float:
        """Share of what was seen, by contrast, that is not suspect; 1 where nothing was seen."""
        total = float(self.weight.sum())
        return 1.0 - float((self.weight * suspect).sum()) / total if total > 0 else 1.0


def _packed(shades: _Tally, strokes: _Tally, contrast: Singles) -> bytes:
    return zlib.compress(pickle.dumps((shades, strokes, contrast)), 1)


_NOTHING = _packed(_Tally(), _Tally(), np.zeros((GRID, GRID), np.float32))  # most neighbours never meet


class Evidence:
    """Remembers, over the frames of a track, where on the picture the frame ever looked right.

    Each cell of the picture should look right in a fair share of the frames in which it can be judged. What
    is right depends on the frame: blur lowers the correlation of all cells, another lettering that of its own
    cells alone. Cells of high contrast count more, faint ones not at all; so do sharp frames in which the
    picture is seen large, for others would show a look-alike as right. It is asked twice: of the cells as
    they are, and of their strokes alone, in which another lettering differs most.
    """

    def __init__(self) -> None:
        self._tallies: tuple[_Tally, _Tally, Singles] | bytes = _NOTHING
        self._cells = 0.0
        self.amount = 0.0
        """Sum of what the frames could tell: 0.7 for each of the sharpest."""
        self.clarity = 0.0
        """How much the best frame could tell: 0 where it was too blurred or small, 0.7 for the sharpest."""

    def pack(self) -> None:
        """Keep it in a tenth of the memory; taking a frame into account unpacks it for good.

        Worth it where no frame is expected: an hour has thousands of tracks.
        """
        if not isinstance(self._tallies, bytes):
            self._tallies = _packed(*self._tallies)

    def _unpacked(self) -> tuple[_Tally, _Tally, Singles]:
        """Return the tallies of shades and strokes and the largest contrast of each cell."""
        if not isinstance(self._tallies, bytes):
            return self._tallies
        tallies: tuple[_Tally, _Tally, Singles] = pickle.loads(zlib.decompress(self._tallies))
        return tallies

    @property
    def _shades(self) -> _Tally:
        return self._unpacked()[0]

    @property
    def _strokes(self) -> _Tally:
        return self._unpacked()[1]

    @property
    def _contrast(self) -> Singles:
        return self._unpacked()[2]

    def add(self, look: Appearance) -> None:
        """Take one frame into account, if it is sharp enough to tell anything."""
        self._tallies = self._unpacked()
        rows, columns = look.judged.shape
        at = np.ix_(nearest_cells(rows), nearest_cells(columns))
        np.maximum(self._contrast, look.weight[at], out=self._contrast)  # of the whole picture
        telling = look.judged & (look.weight >= _LEAST_CONTRAST)
        if rows * columns < _TELLING_CELLS or np.count_nonzero(telling) < _FEW_CELLS:
            return
        sight = quantile(look.scores[telling], _SIGHT_QUANTILE)
        if sight < _LEAST_SIGHT:
            return
        size = min(1.0, rows * columns / _ALL_CELLS)
        loss = max(_LEAST_LOSS, _LOSS * (1.0 - sight))
        say = max(_LEAST_SAY, 1.0 - loss / _LARGEST_LOSS) * size
        right = telling & (1.0 - look.scores <= loss)
        self.clarity = max(self.clarity, say)
        self._cells += say * rows * columns
        self.amount += say
        self._shades.add(np.full(telling.shape, say), right, look, telling, say)
        self._add_strokes(look, telling, right, size)

    def _add_strokes(self, look: Appearance, telling: Flags, right: Flags, size: float) -> None:
        if look.fine_judged is None or look.fine_scores is None:
            return
        fine = look.fine_judged & telling
        if np.count_nonzero(fine) < _FEW_CELLS:
            return
        sight = quantile(look.fine_scores[fine], _SIGHT_QUANTILE)
        if sight < _LEAST_STROKE_SIGHT:
            return
        loss = max(_LEAST_STROKE_LOSS, _STROKE_LOSS * (1.0 - sight))
        say = max(_LEAST_STROKE_SAY, 1.0 - loss / _LARGEST_STROKE_LOSS) * size
        right = right & (~fine | (1.0 - look.fine_scores <= loss))
        self._strokes.add(np.where(fine, say, _SHADES_SAY * say), right, look, telling, say)

    def merge(self, other: Evidence) -> None:
        """Take the frames of another track of the same print into account."""
        self._tallies = self._unpacked()
        self.clarity = max(self.clarity, other.clarity)
        self._cells += other._cells
        self.amount += other.amount
        self._shades.merge(other._shades)
        self._strokes.merge(other._strokes)
        np.maximum(self._contrast, other._contrast, out=self._contrast)

    @property
    def cells(self) -> float:
        """In how many cells the picture was seen, the mean of the frames that count; 0 without any."""
        return self._cells / self.amount if self.amount > 0 else 0.0

    @property
    def coverage(self) -> float:
        """Share of the picture, by contrast, that was seen large enough to tell it from a look-alike."""
        return self._share_of_picture(self._shades.judged > 0)

    @property
    def right_coverage(self) -> float:
        """Share of the picture, by contrast, that looked right, strokes too, in a quarter of the frames.

        1 where no frame could show any strokes: then the shades alone must do.
        """
        return self._share_of_picture(self._strokes.seen_right) if self.shows_strokes else 1.0

    @property
    def shows_strokes(self) -> bool:
        """Whether any frame showed strokes."""
        return bool(self._strokes.judged.any())

    def shows(self, part: Flags) -> float:
        """Return which share of a part of the picture, by contrast, was seen to be right.

        Parameters
        ----------
        part : ndarray of bool, shape (GRID, GRID)
            Part of the picture.

        Returns
        -------
        float
            0 to 1; 1 for a part without contrast.
        """
        weight = np.where(part, self._contrast, 0.0)
        total = float(weight.sum())
        return float(weight[self._strokes.seen_right].sum()) / total if total > 0 else 1.0

    @property
    def share(self) -> float:
        """Share of the picture, by contrast, that no look-alike is suspected in.

        1 where nothing was seen well enough to suspect anything.

        Suspect are cells that looked right in less than a quarter of the frames, unless they belong to a
        patch that somebody or something may cover: one of which 15 % lies on the lower edge, one as high as
        wide of which 15 % lies on an edge to the side, or one that stands on the lower edge as people do, or
        reaches in from below or a side and is higher or wider than lettering.
        Plain parts that are not as bright as they should be belong to such a patch, too; around another
        lettering they are. Of strokes only patches higher or wider than lettering are excused, and those too
        small for a word, unless there is hardly any print on the picture. Where that is a line of words and
        little else, its strokes must look right in three quarters of the frames.
        """
        return min(self.share_of_shades, self._strokes.sound_share(self._words()))

    @property
    def share_of_shades(self) -> float:
        """The same by the shades alone: what bulges shows its strokes a little off."""
        return self._shades.sound_share(self._other_shades())

    @property
    def share_read(self) -> float:
        """Share of the picture, by contrast, that was right in half of the frames or more.

        1 in few frames: whoever walks by hides a part for as long. Else three cells whose strokes were wrong
        in most frames make a patch of another lettering, unless somebody may stand there. Of those, cells
        count whose shades were wrong in most frames, too: fine and faint print shows its strokes a little off
        from afar. Each counts by the square of how far its strokes fall short of half; at the lower edge, of
        a third, for heads pass there.
        """
        if self.amount < _OFTEN:
            return 1.0
        patches, count = self._strokes.doubtful_patches(_READ_RIGHT)
        wrong = self._lettering(patches, count, _READ_CELLS) & (self._shades.shortfall(_READ_RIGHT) > 0)
        return self._strokes.sound_share(wrong * self._strokes.shortfall(_READ_RIGHT) ** 2)

    @property
    def never_right(self) -> int:
        """Parts in the largest patch that hardly ever looked right, plain parts in and around it too.

        0 in few frames, and where nothing but plain parts were wrong, or somebody may stand there.
        """
        if self.amount < _OFTEN:
            return 0
        tally = self._strokes
        doubtful, count = tally.doubtful_patches()
        excused = (_in_front(doubtful, count) | _covered(doubtful, count))[doubtful]
        patches, count = tally.doubtful_patches(_NEVER)
        sizes = np.bincount(patches.ravel(), minlength=count)
        sizes[patches[excused]] = 0
        printed = np.bincount(patches[tally.textured], minlength=count) > 0
        return int(sizes[1:][printed[1:]].max(initial=0))

    @property
    def other_mark(self) -> bool:
        """Whether there is another mark or line of lettering, small as its share of the picture may be.

        That is a mark of strong contrast that looked right in none of many sharp frames, or lettering of ten
        cells or more that hardly ever did.
        """
        line = self.clarity >= _CLEAR_ENOUGH and np.count_nonzero(self._words()) >= _LINE_CELLS
        return bool(line or self._marks().any())

    @property
    def suspect(self) -> Flags:
        """Where a look-alike is suspected, shape (GRID, GRID)."""
        return self._other_shades() | self._words() | self._marks()

    def _share_of_picture(self, part: Flags) -> float:
        contrast = np.where(self._contrast >= _LEAST_CONTRAST, self._contrast, 0.0)
        total = float(contrast.sum())
        return float(contrast[part].sum()) / total if total > 0 else 0.0

    def _other_shades(self) -> Flags:
        patches, count = self._shades.doubtful_patches()
        other = ~(_covered(patches, count) | _in_front(patches, count))
        other[0] = False
        result: Flags = other[patches] & self._shades.textured
        return result

    def _words(self) -> Flags:
        printed = np.count_nonzero(self._contrast >= _LEAST_CONTRAST)
        share = _MOSTLY_RIGHT if printed < _SPARSE_PRINT else _SEEN_RIGHT
        patches, count = self._strokes.doubtful_patches(share)
        least = _WORD_CELLS if printed >= _LITTLE_PRINT else 1
        return self._lettering(patches, count, least)

    def _lettering(self, patches: NDArray[np.int64], count: int, least_cells: int) -> Flags:
        """Say which cells with texture lie in patches of lettering: no specks, nobody in front."""
        textured = self._strokes.textured
        word = np.bincount(patches[textured], minlength=count) >= least_cells
        word &= ~_in_front(patches, count)
        word[0] = False
        result: Flags = word[patches] & textured
        return result

    def _marks(self) -> Flags:
        tally = self._strokes
        patches, count = tally.doubtful_patches()
        never = tally.textured & (tally.right <= _NEVER * tally.judged) & (tally.judged >= _OFTEN)
        never &= tally.weight >= _STRONG_CONTRAST * tally.judged
        never &= ~_in_front(patches, count)[patches]
        patches, count = _patches(never)
        mark = np.bincount(patches.ravel(), minlength=count) >= _MARK_CELLS
        mark[0] = False
        result: Flags = mark[patches]
        return result


def _patches(flags: Flags) -> tuple[NDArray[np.int64], int]:
    count, labels = cv2.connectedComponents(flags.astype(np.uint8), connectivity=4)
    return np.asarray(labels, dtype=np.int64), int(count)


def _covered(patches: NDArray[np.int64], count: int) -> Flags:
    """Say which patches may be covered by somebody or something in front."""
    sizes = np.bincount(patches.ravel(), minlength=count)
    at_edge = np.bincount(patches[_EDGE], minlength=count)
    foot = np.bincount(patches[-1], minlength=count)
    rows, columns = (
        np.array([np.any(patches == number, axis=axis).sum() for number in range(count)]) for axis in (1, 0)
    )
    from_below = foot >= _EDGE_SHARE * sizes
    from_side = (at_edge >= _EDGE_SHARE * sizes) & (rows >= columns)
    width = sizes / np.maximum(rows, 1)
    stands = (rows >= _UPRIGHT_ROWS) & (rows > width) & (foot >= _FOOT_SHARE * width)
    covered: Flags = from_below | from_side | stands
    return covered


def _in_front(patches: NDArray[np.int64], count: int) -> Flags:
    """Say which patches reach in from an edge and are too high or too wide for lettering.

    What stands on the lower edge may be slender as people are. What reaches in from above or a side must be
    as high all along: several lines that touch are no higher than one, each where it is.
    """
    rows, columns = (
        np.array([np.any(patches == number, axis=axis).sum() for number in range(count)]) for axis in (1, 0)
    )
    sizes = np.bincount(patches.ravel(), minlength=count)
    at_edge = np.bincount(patches[_NEAR_EDGE], minlength=count) > 0
    foot = np.bincount(patches[-1], minlength=count) > 0
    stands = foot & ((rows >= _TALL_ROWS) | (columns >= _WIDE_COLUMNS))
    result: Flags = stands | (at_edge & (sizes >= _TALL_ROWS * columns))
    result[0] = False
    return result
