"""One class for each kind of edit: what it does to the study, and how it is called in the menu."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PyQt6.QtGui import QUndoCommand

from gazestudy.errors import GazestudyError
from gazestudy.store import Change, Study
from gazestudy_gui.words import tr

if TYPE_CHECKING:
    from gazestudy.model import Placement
    from gazestudy.model.manual import KeyFrame, ManualAnswer
    from gazestudy_gui.document import Kind, StudyDocument

Points = Sequence[tuple[float, float]]


class Edit(QUndoCommand):
    """An edit of the study. Subclasses say what in `apply`.

    The store writes down what takes the edit back; here are only ids and small values.

    Parameters
    ----------
    text : str
        What it does, for the menu.
    """

    kinds: tuple[Kind, ...] = ()
    """What it changes."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.result: Any = None
        """What the store returned."""
        self._document: StudyDocument | None = None
        self._change: Change | None = None
        self._is_done = False

    def apply(self, study: Study) -> Any:
        """Do it."""
        raise NotImplementedError

    @property
    def changed_something(self) -> bool:
        """True if there is something to take back."""
        return bool(self._change)

    def do_first(self, document: StudyDocument) -> None:
        """Do it for the first time; `redo` as called by the stack then has nothing left to do."""
        self._document = document
        with document.study.recorded() as change:
            self.result = self.apply(document.study)
        self._change, self._is_done = change, True
        document.announce(self.kinds)

    def redo(self) -> None:
        """Do it again."""
        if not self._is_done:
            self._turn()

    def undo(self) -> None:
        """Take it back."""
        if self._is_done:
            self._turn()

    def absorb(self, later: Edit) -> None:
        """Become one with an edit that came right after."""
        assert self._change is not None and later._change is not None
        self._change = replace(
            later._change,
            statements=[*later._change.statements, *self._change.statements],
            removed={**self._change.removed, **later._change.removed},
        )

    def _turn(self) -> None:
        document, change = self._document, self._change
        assert document is not None and change is not None
        try:
            self._change = document.study.revert(change)
        except GazestudyError as error:
            self.setObsolete(True)
            document.trouble.emit(error)
            return
        self._is_done = not self._is_done
        document.announce(self.kinds)


class RenameStudy(Edit):
    """Another name for the study."""

    kinds = ("study",)

    def __init__(self, name: str) -> None:
        super().__init__(tr("rename the study"))
        self._name = name

    def apply(self, study: Study) -> Any:
        """Do it."""
        study.rename(self._name)


class AddPlacement(Edit):
    """A new placement with its pictures."""

    kinds = ("placements",)

    def __init__(self, placement_id: str, images: Sequence[Path], **facts: Any) -> None:
        super().__init__(tr("add placement {name}", name=facts.get("name") or placement_id))
        self._id, self._images, self._facts = placement_id, list(images), facts

    def apply(self, study: Study) -> Any:
        """Do it."""
        return study.add_placement(self._id, self._images, **self._facts)


class RemovePlacement(Edit):
    """A placement goes, with its AOIs and what was said about it."""

    kinds = ("placements", "aois", "mapping")

    def __init__(self, placement_id: str, name: str = "") -> None:
        super().__init__(tr("remove placement {name}", name=name or placement_id))
        self._id = placement_id

    def apply(self, study: Study) -> Any:
        """Do it."""
        study.remove_placement(self._id)


class ChangePlacement(Edit):
    """Other facts about a placement: name, size, copies, station."""

    kinds = ("placements",)

    def __init__(self, placement_id: str, **facts: Any) -> None:
        super().__init__(tr("change placement {name}", name=placement_id))
        self._id, self._facts = placement_id, facts

    def apply(self, study: Study) -> Any:
        """Do it."""
        return study.change_placement(self._id, **self._facts)


class AddCreative(Edit):
    """One more picture of a screen."""

    kinds = ("placements",)

    def __init__(self, placement_id: str, name: str, image: Path) -> None:
        super().__init__(tr("add picture {picture} to {name}", picture=image.stem, name=name))
        self._id, self._image = placement_id, image

    def apply(self, study: Study) -> Any:
        """Do it."""
        return study.add_creative(self._id, self._image)


class ReplaceCreative(Edit):
    """Another file for a picture of a placement; AOIs keep their shares of it."""

    kinds = ("placements", "aois")

    def __init__(self, creative_id: str, name: str, image: Path) -> None:
        super().__init__(tr("replace picture {name}", name=name))
        self._id, self._image = creative_id, image

    def apply(self, study: Study) -> Any:
        """Do it."""
        return study.replace_creative(self._id, self._image)


class RemoveCreative(Edit):
    """A picture of a screen goes, with what was said about it."""

    kinds = ("placements", "mapping")

    def __init__(self, creative_id: str, name: str) -> None:
        super().__init__(tr("remove picture {name}", name=name))
        self._id = creative_id

    def apply(self, study: Study) -> Any:
        """Do it."""
        study.remove_creative(self._id)


class AddAoi(Edit):
    """A new AOI."""

    kinds = ("aois",)

    def __init__(self, placement_id: str, name: str, points_px: Points) -> None:
        super().__init__(tr("add AOI {name}", name=name))
        self._placement_id, self._name, self._points_px = placement_id, name, list(points_px)

    def apply(self, study: Study) -> Any:
        """Do it."""
        return study.add_aoi(self._placement_id, self._name, self._points_px)


class ReshapeAoi(Edit):
    """Other corners for an AOI; several in one go, as with the arrow keys, are one edit."""

    kinds = ("aois",)

    def __init__(self, aoi_id: str, name: str, points_px: Points, *, gesture: int = 0) -> None:
        super().__init__(tr("move AOI {name}", name=name))
        self._id, self._points_px, self._gesture = aoi_id, list(points_px), gesture

    def apply(self, study: Study) -> Any:
        """Do it."""
        return study.change_aoi(self._id, points_px=self._points_px)

    def id(self) -> int:
        """Return what tells edits that may become one."""
        return 1 if self._gesture else -1

    def mergeWith(self, other: QUndoCommand | None) -> bool:
        """Become one with the next edit of the same gesture."""
        if not isinstance(other, ReshapeAoi) or (self._id, self._gesture) != (other._id, other._gesture):
            return False
        self.absorb(other)
        return True


class RenameAoi(Edit):
    """Another name for an AOI."""

    kinds = ("aois",)

    def __init__(self, aoi_id: str, name: str) -> None:
        super().__init__(tr("rename AOI {name}", name=name))
        self._id, self._name = aoi_id, name

    def apply(self, study: Study) -> Any:
        """Do it."""
        return study.change_aoi(self._id, name=self._name)


class LabelAoi(Edit):
    """Another label for an AOI, which groups it with others."""

    kinds = ("aois",)

    def __init__(self, aoi_id: str, name: str, label: str) -> None:
        super().__init__(
            tr("label AOI {name} “{label}”", name=name, label=label)
            if label.strip()
            else tr("remove the label of AOI {name}", name=name)
        )
        self._id, self._label = aoi_id, label

    def apply(self, study: Study) -> Any:
        """Do it."""
        return study.change_aoi(self._id, label=self._label)


class RemoveAoi(Edit):
    """An AOI goes."""

    kinds = ("aois",)

    def __init__(self, aoi_id: str, name: str = "") -> None:
        super().__init__(tr("remove AOI {name}", name=name or aoi_id))
        self._id = aoi_id

    def apply(self, study: Study) -> Any:
        """Do it."""
        study.remove_aoi(self._id)


class AddParticipant(Edit):
    """A new participant."""

    kinds = ("participants",)

    def __init__(self, participant_id: str, *, segment: str = "") -> None:
        super().__init__(tr("add participant {name}", name=participant_id))
        self._id, self._segment = participant_id, segment

    def apply(self, study: Study) -> Any:
        """Do it."""
        return study.add_participant(self._id, segment=self._segment)


class SetSegment(Edit):
    """Another segment for a participant."""

    kinds = ("participants",)

    def __init__(self, participant_id: str, segment: str) -> None:
        super().__init__(tr("put {name} into segment “{segment}”", name=participant_id, segment=segment))
        self._id, self._segment = participant_id, segment

    def apply(self, study: Study) -> Any:
        """Do it."""
        study.set_segment(self._id, self._segment)


class SetDaypart(Edit):
    """Another daypart for a recording."""

    kinds = ("recordings",)

    def __init__(self, recording_id: str, daypart: str) -> None:
        super().__init__(tr("daypart of {name}", name=recording_id))
        self._id, self._daypart = recording_id, daypart

    def apply(self, study: Study) -> Any:
        """Do it."""
        study.set_daypart(self._id, self._daypart)


class RemoveRecording(Edit):
    """A recording goes, with its results."""

    kinds = ("recordings", "results", "mapping")

    def __init__(self, recording_id: str) -> None:
        super().__init__(tr("remove recording {name}", name=recording_id))
        self._id = recording_id

    def apply(self, study: Study) -> Any:
        """Do it."""
        study.remove_recording(self._id)


class AddAlignment(Edit):
    """How the clock of a recording relates to another one."""

    kinds = ("alignments",)

    def __init__(self, recording_id: str, target: str, alignment: Any, *, note: str = "") -> None:
        super().__init__(tr("align {name} with {target}", name=recording_id, target=target))
        self._id, self._target, self._alignment, self._note = recording_id, target, alignment, note

    def apply(self, study: Study) -> Any:
        """Do it."""
        return study.add_alignment(self._id, self._target, self._alignment, note=self._note)


class RemoveAlignment(Edit):
    """What was said about two clocks goes."""

    kinds = ("alignments",)

    def __init__(self, number: int, recording_id: str, target: str) -> None:
        super().__init__(tr("remove the alignment of {name} with {target}", name=recording_id, target=target))
        self._number = number

    def apply(self, study: Study) -> Any:
        """Do it."""
        study.remove_alignment(self._number)


class CopyAois(Edit):
    """The AOIs of one placement also on another, at the same shares of its picture."""

    kinds = ("aois",)

    def __init__(self, source_id: str, target_id: str) -> None:
        super().__init__(tr("copy AOIs to {name}", name=target_id))
        self._source_id, self._target_id = source_id, target_id

    def apply(self, study: Study) -> Any:
        """Do it."""
        return study.copy_aois(self._source_id, self._target_id)


class CopyPlacement(Edit):
    """A placement like another one in another station: its picture there, the same facts and AOIs."""

    kinds = ("placements", "aois")

    def __init__(self, source: Placement, target_id: str, image: Path, station: str) -> None:
        super().__init__(tr("copy {name} to {station}", name=source.name, station=station))
        self._source, self._id, self._image, self._station = source, target_id, image, station

    def apply(self, study: Study) -> Any:
        """Do it."""
        source = self._source
        study.add_placement(
            self._id, [self._image], name=source.name, kind=source.kind, width_mm=source.width_mm,
            height_mm=source.height_mm, copies=source.copies, station=self._station,
        )  # fmt: skip
        if source.facets:
            made = study.placement(self._id)
            across, down = (new / old for new, old in zip(made.size_px, source.size_px, strict=True))
            study.change_placement(self._id, facets=[one.at_scale(across, down) for one in source.facets])
        return study.copy_aois(source.id, self._id)


class GiveAnswer(Edit):
    """What a person says about the mapping of a fixation, in place of what was said about just this one."""

    kinds = ("mapping",)

    def __init__(self, answer: ManualAnswer, text: str, *, gesture: int = 0) -> None:
        super().__init__(text)
        self._answer, self._gesture = answer, gesture

    def apply(self, study: Study) -> Any:
        """Do it."""
        return study.add_answer(self._answer, replace=True)

    def id(self) -> int:
        """Return what tells edits that may become one."""
        return 2 if self._gesture else -1

    def mergeWith(self, other: QUndoCommand | None) -> bool:
        """Become one with the next edit of the same gesture."""
        if not isinstance(other, GiveAnswer) or self._gesture != other._gesture:
            return False
        self.absorb(other)
        return True


class TakeBackAnswers(Edit):
    """Some of what people said about mapping goes; the automatic mapping counts again."""

    kinds = ("mapping",)

    def __init__(self, numbers: Sequence[int]) -> None:
        super().__init__(tr("return to the automatic mapping"))
        self._numbers = list(numbers)

    def apply(self, study: Study) -> Any:
        """Do it."""
        study.remove_answers(self._numbers)


class AddKeyFrame(Edit):
    """The corners of a placement in one frame, in place of those it had there."""

    kinds = ("mapping",)

    def __init__(self, key_frame: KeyFrame, name: str) -> None:
        super().__init__(tr("key frame of {name}", name=name))
        self._key_frame = key_frame

    def apply(self, study: Study) -> Any:
        """Do it."""
        return study.add_key_frame(self._key_frame, replace=True)


class RemoveKeyFrame(Edit):
    """A key frame goes."""

    kinds = ("mapping",)

    def __init__(self, number: int, name: str) -> None:
        super().__init__(tr("remove key frame of {name}", name=name))
        self._number = number

    def apply(self, study: Study) -> Any:
        """Do it."""
        study.remove_key_frame(self._number)


class SetLoop(Edit):
    """A screen repeats some spots."""

    kinds = ("placements", "mapping")

    def __init__(
        self, placement_id: str, name: str, spots: Sequence[tuple[str, float]], **facts: Any
    ) -> None:
        super().__init__(tr("schedule of {name}", name=name))
        self._id, self._spots, self._facts = placement_id, list(spots), facts

    def apply(self, study: Study) -> Any:
        """Do it."""
        from gazestudy.pipeline.schedules import schedule_from_loop

        return schedule_from_loop(study, self._id, self._spots, **self._facts)


class SetScheduleFromLog(Edit):
    """A screen showed what its player wrote down."""

    kinds = ("placements", "mapping")

    def __init__(self, placement_id: str, name: str, path: Path, **facts: Any) -> None:
        super().__init__(tr("schedule of {name}", name=name))
        self._id, self._path, self._facts = placement_id, path, facts

    def apply(self, study: Study) -> Any:
        """Do it."""
        from gazestudy.pipeline.schedules import schedule_from_log

        return schedule_from_log(study, self._id, self._path, **self._facts)


class RemoveSchedule(Edit):
    """What a screen showed is told from the video alone again."""

    kinds = ("placements", "mapping")

    def __init__(self, placement_id: str, name: str) -> None:
        super().__init__(tr("remove the schedule of {name}", name=name))
        self._id = placement_id

    def apply(self, study: Study) -> Any:
        """Do it."""
        study.remove_schedule(self._id)
