"""What simulated people say about simulated advertisements, in English, Thai and Vietnamese."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LANGUAGES = ("en", "th", "vi")

CATEGORIES: dict[str, dict[str, str]] = {
    "coffee": {"en": "coffee", "th": "กาแฟ", "vi": "cà phê"},
    "bank": {"en": "a bank", "th": "ธนาคาร", "vi": "ngân hàng"},
    "phone": {"en": "a phone", "th": "มือถือ", "vi": "điện thoại"},
    "tea": {"en": "iced tea", "th": "ชาเย็น", "vi": "trà lạnh"},
    "airline": {"en": "an airline", "th": "สายการบิน", "vi": "hãng bay"},
    "film": {"en": "a film", "th": "หนัง", "vi": "phim"},
    "skincare": {"en": "skin care", "th": "ครีมบำรุงผิว", "vi": "kem dưỡng da"},
    "delivery": {"en": "food delivery", "th": "ส่งอาหาร", "vi": "giao đồ ăn"},
    "language school": {"en": "a language school", "th": "โรงเรียนสอนภาษา", "vi": "trung tâm ngoại ngữ"},
    "insurance": {"en": "insurance", "th": "ประกันภัย", "vi": "bảo hiểm"},
}
"""Categories of products, and how people call them."""

PICTURES: tuple[dict[str, str], ...] = (
    {"en": "a woman on a balcony", "th": "ผู้หญิงบนระเบียง", "vi": "một cô gái trên ban công"},
    {"en": "a big yellow cup", "th": "แก้วสีเหลืองใบใหญ่", "vi": "cái cốc vàng to"},
    {"en": "mountains and a lake", "th": "ภูเขากับทะเลสาบ", "vi": "núi và hồ"},
    {"en": "a family at a table", "th": "ครอบครัวที่โต๊ะอาหาร", "vi": "một gia đình bên bàn ăn"},
    {"en": "a red motorbike", "th": "มอเตอร์ไซค์สีแดง", "vi": "chiếc xe máy đỏ"},
    {"en": "a cat with headphones", "th": "แมวใส่หูฟัง", "vi": "con mèo đeo tai nghe"},
)
"""What the pictures show."""

_TEXTS: dict[str, dict[str, tuple[str, ...]]] = {
    "correct_ad": {
        "en": (
            "There was one for {brand}, {category}, with {picture}.",
            "{brand}. It had {picture}.",
            "Something for {category}: {picture}. I think {brand}.",
        ),
        "th": ("มีของ {brand} เรื่อง{category} เป็นรูป{picture}", "{brand} ที่เป็นรูป{picture}ครับ"),
        "vi": ("Có một cái của {brand}, về {category}, hình {picture}.", "{brand}, có {picture} ạ."),
    },
    "correct_brand_wrong_ad": {
        "en": ("{brand}, the one with {picture}.", "{brand} again, {picture}, no?"),
        "th": ("{brand} รูป{picture}มั้งคะ",),
        "vi": ("{brand}, hình như có {picture}.",),
    },
    "wrong_station": {
        "en": ("{brand}, but perhaps that was where I changed trains.",),
        "th": ("{brand} แต่น่าจะเป็นอีกสถานีหนึ่ง",),
        "vi": ("{brand}, nhưng chắc là ở ga khác.",),
    },
    "invented": {
        "en": ("{brand}, with {picture}, near the stairs.",),
        "th": ("{brand} รูป{picture} ใกล้บันได",),
        "vi": ("{brand}, có {picture}, gần cầu thang.",),
    },
    "only_category": {
        "en": ("Some ad for {category}, no idea which.", "{category}, I did not read the name."),
        "th": ("โฆษณา{category} จำไม่ได้ว่าของใคร",),
        "vi": ("Quảng cáo {category}, không nhớ của hãng nào.",),
    },
    "none": {
        "en": ("Nothing, honestly.", "None, I was looking for the train."),
        "th": ("จำไม่ได้เลยครับ", "ไม่มีค่ะ มองหาแต่รถไฟ"),
        "vi": ("Không nhớ gì cả.", "Không có, tôi chỉ nhìn tàu thôi."),
    },
    "attr_none": {"en": ("No idea.",), "th": ("ไม่รู้ค่ะ",), "vi": ("Tôi không biết.",)},
    "comp_2": {
        "en": ("That {brand} is {category} for every day.", "Try {brand} now, it costs less."),
        "th": ("{brand} เป็น{category}สำหรับทุกวัน",),
        "vi": ("{brand} là {category} cho mỗi ngày.",),
    },
    "comp_1": {
        "en": ("Something about {category}.",),
        "th": ("เกี่ยวกับ{category}",),
        "vi": ("Cái gì đó về {category}.",),
    },
    "comp_0": {
        "en": ("Holidays, I suppose: {picture}.",),
        "th": ("ท่องเที่ยวมั้ง เห็น{picture}",),
        "vi": ("Chắc là du lịch, có {picture}.",),
    },
}

_STARTS = ("Lu", "Na", "Ko", "Mi", "Ves", "Tari", "Bo", "Sel", "Oru", "Pan", "Ji", "Dal")
_ENDS = ("mora", "vito", "ssan", "ra", "nelo", "phat", "kin", "lia", "zenda", "wan", "tto", "beo")


@dataclass(frozen=True, slots=True)
class Advertisement:
    """A simulated advertisement.

    Attributes
    ----------
    stimulus : str
        Id of its picture.
    placement_id : str
        Where it hangs, empty for a foil.
    brand : str
        Its brand.
    category : str
        A key of `CATEGORIES`.
    picture : int
        Index into `PICTURES`.
    """

    stimulus: str
    placement_id: str
    brand: str
    category: str
    picture: int


def brand_names(n: int, *, rng: np.random.Generator) -> list[str]:
    """Return different invented brand names in random order.

    Parameters
    ----------
    n : int
        How many; beyond 144 they are numbered.
    rng : Generator
        Source of randomness.

    Examples
    --------
    >>> names = brand_names(150, rng=np.random.default_rng(1))
    >>> len(set(names))
    150
    """
    pool = [start + end for start in _STARTS for end in _ENDS]
    shuffled = [pool[k] for k in rng.permutation(len(pool))]
    return [shuffled[k % len(pool)] + (f" {k // len(pool) + 1}" if k >= len(pool) else "") for k in range(n)]


def say(what: str, language: str, about: Advertisement, *, rng: np.random.Generator) -> str:
    """Return a sentence of a person.

    Parameters
    ----------
    what : str
        A code of free recall, attr_none, comp_0, comp_1 or comp_2.
    language : {"en", "th", "vi"}
        In which language.
    about : Advertisement
        What it is about.
    rng : Generator
        Source of randomness.

    Examples
    --------
    >>> about = Advertisement("p1", "hall", "Lumora", "coffee", 1)
    >>> say("only_category", "vi", about, rng=np.random.default_rng(0))
    'Quảng cáo cà phê, không nhớ của hãng nào.'
    """
    choices = _TEXTS[what][language]
    text = choices[int(rng.integers(len(choices)))].format(
        brand=about.brand,
        category=CATEGORIES[about.category][language],
        picture=PICTURES[about.picture][language],
    )
    return text[0].upper() + text[1:]
