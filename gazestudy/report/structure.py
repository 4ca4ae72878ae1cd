"""What a report is made of: numbers that carry what they were made from, and the blocks that hold them.

Nothing here knows how it is drawn: the page and the printed document are two ways of writing one `Report`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

from gazestudy.errors import ParameterError

Rung = Literal[
    "circulation", "opportunity", "likelihood", "attention", "memory", "response", "circumstance", "cost"
]

RUNGS: dict[str, str] = {
    "circulation": "people who are there, whether or not they could see anything",
    "opportunity": "the placement was in view, or somebody passed where it can be seen",
    "likelihood": "a chance of looking that was computed or carried over, not measured on these people",
    "attention": "eyes were on it: fixations in gaze, or glances as observers coded them",
    "memory": "somebody named or recognised it afterwards",
    "response": "what people say they think of it or intend; no behaviour",
    "circumstance": "what people did meanwhile, and how full it was",
    "cost": "money divided by one of the others",
}
"""The ladder on which every number stands, with what each rung means. Attention is no outcome, and no rung
stands for another."""

Strength = Literal["clear", "indicated", "open"]

STRENGTHS: dict[str, str] = {
    "clear": "the interval supports the sentence",
    "indicated": "the figures point that way, the interval allows otherwise",
    "open": "the data do not allow a conclusion",
}
"""How sure a finding is."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number with everything that has to stand beside it.

    Attributes
    ----------
    name : str
        What it is, such as "Notice rate".
    value : float
        The number; NaN where it cannot be had.
    unit : str
        "share" is shown in percent; any other unit as it is, "" for plain counts.
    rung : str
        One of `RUNGS`.
    n : int
        Independent people or sessions behind it.
    of : str
        What `n` or the denominator counts, in words, such as "participants in whose view it came".
    low, high : float
        Interval; NaN where there is none.
    level : float
        Confidence of the interval.
    numerator, denominator : float
        What was divided by what; NaN where the number is no ratio, and `n` is its denominator.
    rule : str
        How it was made, in words.
    method : str
        Name of the interval, or why there is none.

    Raises
    ------
    ParameterError
        If it has a value but nobody behind it, no denominator in words, or an unknown rung.
    """

    name: str
    value: float
    unit: str
    rung: Rung
    n: int
    of: str
    low: float = math.nan
    high: float = math.nan
    level: float = 0.95
    numerator: float = math.nan
    denominator: float = math.nan
    rule: str = ""
    method: str = ""

    def __post_init__(self) -> None:
        if self.rung not in RUNGS:
            raise ParameterError("rung", self.rung, "one of " + ", ".join(RUNGS))
        if not self.of.strip():
            raise ParameterError("of", self.of, f"in words what {self.name!r} was divided by")
        if math.isfinite(self.value) and self.n < 1:
            raise ParameterError("n", self.n, f"at least one behind a value of {self.name!r}")

    @property
    def known(self) -> bool:
        """Whether there is a value."""
        return math.isfinite(self.value)

    @property
    def has_interval(self) -> bool:
        """Whether there is an interval; its upper limit may be infinite."""
        return math.isfinite(self.low) and not math.isnan(self.high)


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence of what was found, as sure as it is.

    Attributes
    ----------
    headline : str
        A sentence that can stand alone.
    detail : str
        What it rests on, and what limits it.
    strength : {"clear", "indicated", "open"}
        How sure it is.
    topic : str
        What it is about, such as "seen", "remembered", "crowd", "what to do".
    numbers : tuple of Number
        The numbers of the sentence.
    placement_id : str
        Placement that it is about; empty for several.
    """

    headline: str
    detail: str
    strength: Strength
    topic: str
    numbers: tuple[Number, ...] = ()
    placement_id: str = ""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text; `quiet` is for notes."""

    text: str
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Missing:
    """What is not there, and what therefore cannot be said."""

    what: str
    consequence: str
    advice: str = ""


Cell = str | Number


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a caption.

    Attributes
    ----------
    caption : str
        What it shows.
    columns : tuple of str
        Heads.
    rows : tuple of tuple
        Cells: text or `Number`; the first cell heads its row.
    note : str
        Below the table.
    scale : tuple of float, optional
        Ends of the axis on which the numbers of share columns are drawn as bars; None: no bars.
    links : tuple of str
        Anchor that the first cell of each row leads to; empty for none.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    bars: bool = False
    links: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        wrong = [row for row in self.rows if len(row) != len(self.columns)]
        if wrong:
            raise ParameterError("rows", wrong[0], f"{len(self.columns)} cells, one for each column")


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure: a drawing, or a photograph-like picture.

    Attributes
    ----------
    name : str
        Unique in the report; its file name without ending.
    alt : str
        What it shows, for those who cannot see it.
    caption : str
        Below it.
    svg : str
        The drawing, as a stand-alone SVG document with text as outlines; empty for photographs.
    page_svg : str
        The same with text as text, for the page.
    image : bytes
        PNG or JPEG; of a drawing as well, for print.
    width_px, height_px : int
        Size of the image.
    wide : bool
        Takes the whole width of the page.
    """

    name: str
    alt: str
    caption: str
    svg: str = ""
    page_svg: str = ""
    image: bytes = b""
    width_px: int = 0
    height_px: int = 0
    wide: bool = False

    @property
    def mime(self) -> str:
        """Kind of `image`."""
        return "image/png" if self.image.startswith(b"\x89PNG") else "image/jpeg"


@dataclass(frozen=True, slots=True)
class Pictures:
    """Figures side by side where there is room; with `lead` the first is larger than the others."""

    pictures: tuple[Picture, ...]
    lead: bool = False

    @property
    def layout(self) -> str:
        """How they lie: "one", "beside" (all alike), "tall" or "broad" (around a leading picture)."""
        if len(self.pictures) == 1:
            return "one"
        if not self.lead:
            return "beside"
        return "broad" if self.pictures[0].width_px > 1.25 * self.pictures[0].height_px else "tall"


@dataclass(frozen=True, slots=True)
class Tiles:
    """A few numbers in large type."""

    numbers: tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class Quote:
    """What somebody said, word for word.

    Attributes
    ----------
    text : str
        The words.
    speaker : str
        Pseudonym.
    about : str
        Code, question or theme.
    moment : str
        Where in the recording, in words; empty where not linked.
    """

    text: str
    speaker: str
    about: str = ""
    moment: str = ""


@dataclass(frozen=True, slots=True)
class Quotes:
    """Quotes, one below the other."""

    quotes: tuple[Quote, ...]


@dataclass(frozen=True, slots=True)
class Findings:
    """Findings, the most useful first."""

    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """Names with values, such as parameters."""

    title: str
    pairs: tuple[tuple[str, str], ...]
    folded: bool = False


Block = Paragraph | Missing | Table | Pictures | Tiles | Quotes | Findings | Facts


@dataclass(frozen=True, slots=True)
class Section:
    """A chapter with its blocks and its sections.

    Attributes
    ----------
    id : str
        Unique in the report, made of letters, digits and "-".
    title : str
        Heading.
    blocks : tuple of Block
        What it holds.
    sections : tuple of Section
        Below it.
    kind : str
        "chapter", "part" or "placement".
    """

    id: str
    title: str
    blocks: tuple[Block, ...] = ()
    sections: tuple[Section, ...] = ()
    kind: Literal["chapter", "part", "placement"] = "part"


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report.

    Attributes
    ----------
    title, subtitle : str
        Name of the study, and what it consists of.
    facts : tuple of (str, str)
        Study in short.
    sections : tuple of Section
        Chapters in order.
    made_at : str
        When it was made, as given.
    version : str
        Of the program.
    level : float
        Confidence of all intervals.
    extra : tuple of Picture
        Drawings that are written as files only; the page has them as tables that a phone can show.
    """

    title: str
    subtitle: str
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    made_at: str
    version: str
    level: float = 0.95
    language: str = "en"
    extra: tuple[Picture, ...] = field(default=())

    def all_sections(self) -> list[Section]:
        """Return every section, each before its own sections."""
        found: list[Section] = []
        waiting = list(self.sections)
        while waiting:
            section = waiting.pop(0)
            found.append(section)
            waiting = [*section.sections, *waiting]
        return found

    def pictures(self) -> list[Picture]:
        """Return every figure in order."""
        blocks = [block for section in self.all_sections() for block in section.blocks]
        shown = [one for block in blocks if isinstance(block, Pictures) for one in block.pictures]
        return [*shown, *self.extra]

    def findings(self) -> list[Finding]:
        """Return every finding in order."""
        blocks = [block for section in self.all_sections() for block in section.blocks]
        return [one for block in blocks if isinstance(block, Findings) for one in block.findings]

    def numbers(self) -> list[Number]:
        """Return every number in order, those of findings too."""
        found: list[Number] = []
        for section in self.all_sections():
            for block in section.blocks:
                if isinstance(block, Tiles):
                    found += block.numbers
                elif isinstance(block, Table):
                    found += [cell for row in block.rows for cell in row if isinstance(cell, Number)]
                elif isinstance(block, Findings):
                    found += [number for one in block.findings for number in one.numbers]
        return found
