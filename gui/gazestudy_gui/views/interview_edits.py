"""Edits of interviews: answers, codes, texts, the code book. Each is one step that can be taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gazestudy.store import Study
from gazestudy_gui.commands import Edit
from gazestudy_gui.words import tr


class StartInterview(Edit):
    """A new interview, still without answers."""

    kinds = ("interviews",)

    def __init__(self, interview_id: str, participant_id: str, **facts: str) -> None:
        super().__init__(tr("new interview with {name}", name=participant_id))
        self._row = {
            "interview_id": interview_id,
            "participant_id": participant_id,
            "source": "live",
            **facts,
        }

    def apply(self, study: Study) -> Any:
        """Do it."""
        from gazestudy.model.interview import Interviews, interview_table

        return study.add_interviews(Interviews(interviews=interview_table("interviews", [self._row])))


class PutAnswers(Edit):
    """What somebody says to one question."""

    kinds = ("interviews",)

    def __init__(self, interview_id: str, item: str, values: Sequence[str], *, stimulus: str = "") -> None:
        super().__init__(tr("answer to {item}", item=item))
        self._place, self._values, self._stimulus = (interview_id, item), list(values), stimulus

    def apply(self, study: Study) -> Any:
        """Do it."""
        study.put_answers(*self._place, self._values, stimulus=self._stimulus)


class CodeAnswer(Edit):
    """What a coder makes of one answer, in place of what the same coder made of it before."""

    kinds = ("interviews",)

    def __init__(self, answer: Mapping[str, Any], coder: str, code: str, placement_id: str = "") -> None:
        super().__init__(tr("code of answer {item}", item=answer["item"]))
        keys = ("interview_id", "item", "answer_no", "stimulus")
        self._row = {key: answer[key] for key in keys} | {
            "coder": coder, "code": code, "placement_id": placement_id if code else "",
        }  # fmt: skip

    def apply(self, study: Study) -> Any:
        """Do it."""
        return study.code_answers([self._row])


class AddCoding(Edit):
    """A code on words of a text, or on a stretch of a recording."""

    kinds = ("interviews",)

    def __init__(self, code_id: str, name: str, coder: str, **where: Any) -> None:
        super().__init__(tr("code “{name}”", name=name))
        self._code_id, self._coder, self._where = code_id, coder, where

    def apply(self, study: Study) -> Any:
        """Do it."""
        return study.add_coding(self._code_id, self._coder, **self._where)


class RemoveCodings(Edit):
    """Some codings go."""

    kinds = ("interviews",)

    def __init__(self, coding_ids: Sequence[str], name: str) -> None:
        super().__init__(tr("remove code “{name}”", name=name))
        self._ids = list(coding_ids)

    def apply(self, study: Study) -> Any:
        """Do it."""
        for one in self._ids:
            study.remove_coding(one)


class KeepText(Edit):
    """A text of an interview, new or in place of what it was."""

    kinds = ("interviews",)

    def __init__(self, document_id: str, interview_id: str, name: str, text: str) -> None:
        super().__init__(tr("text “{name}”", name=name))
        self._row = {"document_id": document_id, "interview_id": interview_id, "name": name, "kind": "notes",
                     "text": text}  # fmt: skip

    def apply(self, study: Study) -> Any:
        """Do it."""
        from gazestudy.model.interview import Interviews, interview_table

        table = interview_table("documents", [self._row])
        return study.add_interviews(Interviews(documents=table), replace=True)


class AddCode(Edit):
    """A new code of the code book."""

    kinds = ("interviews",)

    def __init__(self, name: str, **facts: str) -> None:
        super().__init__(tr("new code “{name}”", name=name))
        self._name, self._facts = name, facts

    def apply(self, study: Study) -> Any:
        """Do it."""
        return study.add_code(self._name, **self._facts)


class AddStarterCodes(Edit):
    """The codes that a code book begins with."""

    kinds = ("interviews",)

    def __init__(self) -> None:
        super().__init__(tr("add the usual codes"))

    def apply(self, study: Study) -> Any:
        """Do it."""
        return study.add_starter_codes()


class ChangeCode(Edit):
    """Another name, colour, place or description of a code."""

    kinds = ("interviews",)

    def __init__(self, code_id: str, title: str, **facts: str) -> None:
        super().__init__(tr("change code “{name}”", name=title))
        self._id, self._facts = code_id, facts

    def apply(self, study: Study) -> Any:
        """Do it."""
        study.change_code(self._id, **self._facts)


class RemoveCode(Edit):
    """A code that is not in use goes."""

    kinds = ("interviews",)

    def __init__(self, code_id: str, name: str) -> None:
        super().__init__(tr("remove code “{name}” from the code book", name=name))
        self._id = code_id

    def apply(self, study: Study) -> Any:
        """Do it."""
        study.remove_code(self._id)
