"""Words that every sheet and form needs besides those of the document."""

from __future__ import annotations

WORDS: dict[str, dict[str, str]] = {
    "session": {"en": "Session id", "th": "รหัสรอบ", "vi": "Mã phiên", "zh": "场次编号"},
    "session_hint": {
        "en": "As on the plan or the printed sheet. Leave it as it is if there is none.",
        "th": "ตามแผนหรือแบบพิมพ์ ถ้าไม่มีให้คงไว้ตามเดิม",
        "vi": "Theo kế hoạch hoặc phiếu in. Nếu không có thì để nguyên.",
        "zh": "按计划表或打印表。没有则保持不变。",
    },
    "started": {"en": "Start", "th": "เริ่ม", "vi": "Bắt đầu", "zh": "开始"},
    "stopped": {"en": "Stop", "th": "เลิก", "vi": "Kết thúc", "zh": "停止"},
    "stopped_hint": {
        "en": "The moment you stopped watching, not the moment you fill this in.",
        "th": "เวลาที่เลิกเฝ้าดู ไม่ใช่เวลาที่กรอก",
        "vi": "Lúc ngừng theo dõi, không phải lúc điền phiếu.",
        "zh": "停止观察的时刻，不是填写的时刻。",
    },
    "before_start": {
        "en": "Stop must be after start",
        "th": "เวลาเลิกต้องอยู่หลังเวลาเริ่ม",
        "vi": "Kết thúc phải sau bắt đầu",
        "zh": "停止必须晚于开始",
    },
    "date": {"en": "Date", "th": "วันที่", "vi": "Ngày", "zh": "日期"},
    "time": {"en": "Time", "th": "เวลา", "vi": "Giờ", "zh": "时间"},
    "placement": {"en": "Placement", "th": "ป้าย", "vi": "Vị trí QC", "zh": "广告位"},
    "page": {
        "en": "page {n} of {N}",
        "th": "หน้า {n} จาก {N}",
        "vi": "trang {n} / {N}",
        "zh": "第 {n} 页，共 {N} 页",
    },
    "interval": {"en": "Interval", "th": "ช่วง", "vi": "Khoảng", "zh": "时段"},
    "scan": {"en": "Scan", "th": "ครั้งที่กวาดตา", "vi": "Lượt quét", "zh": "扫视"},
    "not_watched": {
        "en": "Not watched for in this interval",
        "th": "รายการที่ไม่ได้เฝ้าดูในช่วงนี้",
        "vi": "Các mục không theo dõi trong khoảng này",
        "zh": "本时段没有观察的项目",
    },
    "not_watched_hint": {
        "en": "Mark what you left out: its 0 is then no result.",
        "th": "เลือกรายการที่ละไว้ ค่า 0 ของรายการนั้นจะไม่นับเป็นผล",
        "vi": "Đánh dấu mục đã bỏ: số 0 của mục đó không phải kết quả.",
        "zh": "勾选没有做的项目：其 0 不算结果。",
    },
    "round": {"en": "Round", "th": "รอบที่", "vi": "Vòng", "zh": "轮次"},
    "minutes": {"en": "Minutes", "th": "นาทีที่", "vi": "Phút", "zh": "分钟"},
    "sum": {"en": "Sum", "th": "รวม", "vi": "Tổng", "zh": "合计"},
    "item": {"en": "Item", "th": "รายการ", "vi": "Mục", "zh": "项目"},
    "definitions": {
        "en": "Definitions",
        "th": "คำนิยาม",
        "vi": "Định nghĩa",
        "zh": "定义",
    },
    "instructions": {"en": "How to work", "th": "วิธีปฏิบัติ", "vi": "Cách làm", "zh": "工作方法"},
    "rules": {
        "en": "Check before you leave",
        "th": "ตรวจก่อนกลับ",
        "vi": "Kiểm tra trước khi rời đi",
        "zh": "离开前核对",
    },
    "subject": {"en": "Person no.", "th": "คนที่", "vi": "Người số", "zh": "人员编号"},
    "behaviour": {"en": "What", "th": "พฤติกรรม", "vi": "Hành vi", "zh": "行为"},
    "from": {"en": "From (min:s)", "th": "ตั้งแต่ (นาที:วินาที)", "vi": "Từ (phút:giây)", "zh": "开始（分:秒）"},
    "to": {"en": "To", "th": "ถึง", "vi": "Đến", "zh": "结束"},
    "comment": {"en": "Comment", "th": "หมายเหตุ", "vi": "Ghi chú", "zh": "备注"},
    "point": {"en": "moment", "th": "ชั่วขณะ", "vi": "thời điểm", "zh": "瞬间"},
    "state": {"en": "from – to", "th": "ช่วงเวลา", "vi": "từ – đến", "zh": "起止"},
    "one_at_a_time": {
        "en": "Only one at a time: {codes}",
        "th": "เกิดพร้อมกันไม่ได้: {codes}",
        "vi": "Mỗi lúc chỉ một: {codes}",
        "zh": "同时只能有一个：{codes}",
    },
    "yes": {"en": "yes", "th": "ใช่", "vi": "có", "zh": "是"},
    "no": {"en": "no", "th": "ไม่ใช่", "vi": "không", "zh": "否"},
    "signed": {
        "en": "Observer's initials",
        "th": "อักษรย่อผู้สังเกต",
        "vi": "Ký tắt của quan sát viên",
        "zh": "观察员签字",
    },
    "at_most": {"en": "at most {n}", "th": "ไม่เกิน {n}", "vi": "nhiều nhất {n}", "zh": "最多 {n}"},
    "at_least": {"en": "at least {n}", "th": "อย่างน้อย {n}", "vi": "ít nhất {n}", "zh": "至少 {n}"},
    "only_if": {"en": "only if", "th": "เฉพาะเมื่อ", "vi": "chỉ khi", "zh": "仅当"},
    "respondent": {"en": "Respondent no.", "th": "ผู้ตอบคนที่", "vi": "Người trả lời số", "zh": "受访者编号"},
    "photo_note": {
        "en": "picture no. in the camera",
        "th": "หมายเลขภาพในกล้อง",
        "vi": "số ảnh trong máy",
        "zh": "相机中的照片编号",
    },
    "tally_help": {
        "en": "Empty = not watched · 0 = watched, none",
        "th": "ว่าง = ไม่ได้เฝ้าดู · 0 = เฝ้าดูแต่ไม่มี",
        "vi": "Trống = không theo dõi · 0 = có theo dõi, không xảy ra",
        "zh": "空 = 未观察 · 0 = 观察了但没有",
    },
    "seconds": {"en": "s", "th": "วินาที", "vi": "giây", "zh": "秒"},
}
"""Words by name and language; other languages fall back to English."""


def word(name: str, language: str, **values: object) -> str:
    """Return a word in a language, with its blanks filled.

    Examples
    --------
    >>> word("page", "en", n=1, N=3)
    'page 1 of 3'
    """
    texts = WORDS[name]
    return texts.get(language, texts["en"]).format(**values)


def words_in(name: str, languages: tuple[str, ...]) -> dict[str, str]:
    """Return a word in several languages."""
    return {language: word(name, language) for language in languages}
