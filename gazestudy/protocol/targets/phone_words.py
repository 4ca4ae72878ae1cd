"""Words of the phone page, besides those that every target needs."""

from __future__ import annotations

from gazestudy.protocol.targets.words import WORDS

SHARED = (
    "session", "session_hint", "interval", "scan", "definitions", "instructions", "sum", "yes", "no",
    "not_watched_hint", "photo_note",
)  # fmt: skip
"""Words that the page shares with other targets."""

PHONE_WORDS: dict[str, dict[str, str]] = {
    "language": {"en": "Language", "th": "ภาษา", "vi": "Ngôn ngữ", "zh": "语言"},
    "new_session": {"en": "New session", "th": "เริ่มรอบใหม่", "vi": "Phiên mới", "zh": "新场次"},
    "open": {"en": "Open", "th": "เปิด", "vi": "Mở", "zh": "打开"},
    "next": {"en": "Next", "th": "ถัดไป", "vi": "Tiếp", "zh": "下一步"},
    "back": {"en": "Back", "th": "กลับ", "vi": "Quay lại", "zh": "返回"},
    "done": {"en": "Done", "th": "เสร็จ", "vi": "Xong", "zh": "完成"},
    "cancel": {"en": "Cancel", "th": "ยกเลิก", "vi": "Huỷ", "zh": "取消"},
    "add": {"en": "Add", "th": "เพิ่ม", "vi": "Thêm", "zh": "添加"},
    "change": {"en": "Change", "th": "แก้ไข", "vi": "Sửa", "zh": "修改"},
    "delete": {"en": "Delete", "th": "ลบ", "vi": "Xoá", "zh": "删除"},
    "delete_ask": {
        "en": "Delete this for good?",
        "th": "ลบอย่างถาวรหรือไม่",
        "vi": "Xoá vĩnh viễn?",
        "zh": "永久删除？",
    },
    "keeps": {
        "en": "Entries stay in this browser on this phone until you delete them here. Export every session.",
        "th": "ข้อมูลเก็บไว้ในเบราว์เซอร์ของโทรศัพท์เครื่องนี้จนกว่าจะลบที่หน้านี้ ส่งออกข้อมูลทุกรอบ",
        "vi": "Dữ liệu nằm trong trình duyệt của điện thoại này đến khi bạn xoá tại đây. Hãy xuất mọi phiên.",
        "zh": "记录保存在本手机的此浏览器中，直到在此处删除。每个场次都要导出。",
    },
    "other_sessions": {
        "en": "{n} more in this browser belong to other pages: open those pages to see them.",
        "th": "อีก {n} รอบในเบราว์เซอร์นี้เป็นของหน้าอื่น เปิดหน้านั้นเพื่อดู",
        "vi": "Còn {n} phiên trong trình duyệt này thuộc trang khác: mở trang đó để xem.",
        "zh": "此浏览器中另有 {n} 个场次属于其他页面，请打开那些页面查看。",
    },
    "being_prepared": {"en": "not started", "th": "ยังไม่เริ่ม", "vi": "chưa bắt đầu", "zh": "未开始"},
    "running": {"en": "running", "th": "กำลังดำเนินการ", "vi": "đang chạy", "zh": "进行中"},
    "exported": {"en": "exported", "th": "ส่งออกแล้ว", "vi": "đã xuất", "zh": "已导出"},
    "not_exported": {
        "en": "not exported yet",
        "th": "ยังไม่ส่งออก",
        "vi": "chưa xuất",
        "zh": "尚未导出",
    },
    "session_wrong": {
        "en": "Give an id without blanks that is not used yet.",
        "th": "ใส่รหัสที่ไม่มีช่องว่างและยังไม่เคยใช้",
        "vi": "Nhập mã không có dấu cách và chưa dùng.",
        "zh": "请填写不含空格且未用过的编号。",
    },
    "placements": {
        "en": "Placements in view",
        "th": "ป้ายโฆษณาในสายตา",
        "vi": "Vị trí quảng cáo trong tầm nhìn",
        "zh": "视野内的广告位",
    },
    "placement_id": {
        "en": "Placement id (as on the plan)",
        "th": "รหัสป้าย (ตามผัง)",
        "vi": "Mã vị trí (theo sơ đồ)",
        "zh": "广告位编号（按图）",
    },
    "placement_wrong": {
        "en": "Letters, digits, dots and dashes, no blanks, and not there yet.",
        "th": "ใช้ตัวอักษรอังกฤษ ตัวเลข จุด ขีด ไม่มีช่องว่าง และยังไม่มีในรายการ",
        "vi": "Chữ không dấu, số, dấu chấm, gạch; không dấu cách; chưa có trong danh sách.",
        "zh": "只用字母、数字、点和横线，不含空格，且不重复。",
    },
    "missing": {
        "en": "Still needed: {items}",
        "th": "ยังขาด: {items}",
        "vi": "Còn thiếu: {items}",
        "zh": "还缺：{items}",
    },
    "number_wrong": {
        "en": "Not a number from {low} to {high}: not kept",
        "th": "ไม่ใช่ตัวเลขตั้งแต่ {low} ถึง {high} จึงไม่บันทึก",
        "vi": "Không phải số từ {low} đến {high}: không lưu",
        "zh": "不是 {low} 到 {high} 之间的数：未保存",
    },
    "start": {"en": "Start", "th": "เริ่ม", "vi": "Bắt đầu", "zh": "开始"},
    "stop": {"en": "Stop", "th": "เลิก", "vi": "Kết thúc", "zh": "停止"},
    "stop_ask": {
        "en": "Stop the session?",
        "th": "เลิกรอบนี้หรือไม่",
        "vi": "Kết thúc phiên?",
        "zh": "停止本场次？",
    },
    "stop_hint": {
        "en": "The time from start to stop is what counts are divided by. Stop when you stop watching.",
        "th": "เวลาตั้งแต่เริ่มถึงเลิกใช้เป็นตัวหารของจำนวนที่นับ กดเลิกเมื่อเลิกเฝ้าดู",
        "vi": "Thời gian từ bắt đầu đến kết thúc là mẫu số của số đếm. Kết thúc khi ngừng theo dõi.",
        "zh": "计数要除以从开始到停止的时间。停止观察时就按停止。",
    },
    "stop_states": {
        "en": "States that are still on end at that moment.",
        "th": "พฤติกรรมที่ยังดำเนินอยู่จะสิ้นสุดในเวลานั้น",
        "vi": "Các trạng thái còn mở sẽ kết thúc vào lúc đó.",
        "zh": "仍在进行的状态将在那一刻结束。",
    },
    "stop_now": {
        "en": "Stop now, {time}",
        "th": "เลิกตอนนี้ {time}",
        "vi": "Kết thúc ngay, {time}",
        "zh": "现在停止，{time}",
    },
    "stop_planned": {
        "en": "I stopped at the planned end, {time}",
        "th": "เลิกตามแผนแล้วเมื่อ {time}",
        "vi": "Tôi đã dừng đúng kế hoạch, {time}",
        "zh": "我按计划结束时已停止，{time}",
    },
    "stop_last": {
        "en": "I stopped at my last entry, {time}",
        "th": "เลิกตอนบันทึกครั้งสุดท้าย {time}",
        "vi": "Tôi đã dừng ở lần ghi cuối, {time}",
        "zh": "我在最后一次记录时已停止，{time}",
    },
    "stopped_at": {
        "en": "Stopped at {time}",
        "th": "เลิกเมื่อ {time}",
        "vi": "Kết thúc lúc {time}",
        "zh": "停止于 {time}",
    },
    "continue_session": {
        "en": "Go on watching",
        "th": "เฝ้าดูต่อ",
        "vi": "Theo dõi tiếp",
        "zh": "继续观察",
    },
    "finish": {"en": "Finish", "th": "เสร็จสิ้น", "vi": "Hoàn tất", "zh": "完成场次"},
    "finished": {"en": "Finished", "th": "เสร็จสิ้นแล้ว", "vi": "Đã hoàn tất", "zh": "已完成"},
    "export_hint": {
        "en": "Hand in the file. JSON holds everything; CSV is for spreadsheets.",
        "th": "ส่งไฟล์ให้ผู้วิจัย JSON มีข้อมูลครบ CSV สำหรับเปิดในตาราง",
        "vi": "Nộp tệp này. JSON chứa tất cả; CSV dành cho bảng tính.",
        "zh": "请提交文件。JSON 包含全部内容，CSV 用于电子表格。",
    },
    "export_json": {
        "en": "Save JSON",
        "th": "บันทึก JSON",
        "vi": "Lưu JSON",
        "zh": "保存 JSON",
    },
    "export_csv": {"en": "Save CSV", "th": "บันทึก CSV", "vi": "Lưu CSV", "zh": "保存 CSV"},
    "share": {"en": "Share", "th": "แชร์", "vi": "Chia sẻ", "zh": "分享"},
    "backup_hint": {
        "en": "A copy saved now is marked as unfinished.",
        "th": "สำเนาที่บันทึกตอนนี้จะระบุว่ายังไม่เสร็จ",
        "vi": "Bản lưu lúc này được đánh dấu là chưa xong.",
        "zh": "现在保存的副本会标为未完成。",
    },
    "saved": {"en": "✓ saved", "th": "✓ บันทึกแล้ว", "vi": "✓ đã lưu", "zh": "✓ 已保存"},
    "saving": {"en": "saving …", "th": "กำลังบันทึก …", "vi": "đang lưu …", "zh": "保存中 …"},
    "not_saved": {
        "en": "NOT SAVED: {n}. Free space; keep this page open",
        "th": "ยังไม่บันทึก: {n} ลบไฟล์อื่นและอย่าปิดหน้านี้",
        "vi": "CHƯA LƯU: {n}. Giải phóng bộ nhớ; đừng đóng trang",
        "zh": "未保存：{n}。请清理空间，不要关闭页面",
    },
    "no_storage": {
        "en": "This browser cannot keep entries for this page (private window, or storage switched off)."
        " Open the page in an ordinary window of another browser.",
        "th": "เบราว์เซอร์นี้เก็บข้อมูลของหน้านี้ไม่ได้ (หน้าต่างส่วนตัวหรือปิดที่เก็บข้อมูล) เปิดในหน้าต่างปกติของเบราว์เซอร์อื่น",
        "vi": "Trình duyệt này không lưu được dữ liệu của trang (cửa sổ riêng tư hoặc đã tắt bộ nhớ)."
        " Hãy mở trong cửa sổ thường của trình duyệt khác.",
        "zh": "此浏览器无法为本页面保存记录（无痕窗口或存储已关闭）。请用其他浏览器的普通窗口打开。",
    },
    "other_tab": {
        "en": "This page is open in another tab. Close it there to go on here.",
        "th": "หน้านี้เปิดอยู่ในแท็บอื่น ปิดแท็บนั้นเพื่อใช้ที่นี่",
        "vi": "Trang này đang mở ở thẻ khác. Đóng ở đó để tiếp tục tại đây.",
        "zh": "本页面已在另一个标签页打开。请关闭那个标签页后继续。",
    },
    "undo": {
        "en": "↶ Undo: {what}",
        "th": "↶ เลิกทำ: {what}",
        "vi": "↶ Hoàn tác: {what}",
        "zh": "↶ 撤销：{what}",
    },
    "nothing_to_undo": {
        "en": "Nothing to undo",
        "th": "ไม่มีอะไรให้เลิกทำ",
        "vi": "Không có gì để hoàn tác",
        "zh": "没有可撤销的",
    },
    "not_watched": {
        "en": "Not watched for, from this interval on",
        "th": "ไม่ได้เฝ้าดูรายการนี้ตั้งแต่ช่วงนี้",
        "vi": "Không theo dõi mục này từ khoảng này",
        "zh": "从本时段起不再观察此项",
    },
    "watch_again": {
        "en": "Watch for it again, from this interval on",
        "th": "กลับมาเฝ้าดูรายการนี้ตั้งแต่ช่วงนี้",
        "vi": "Theo dõi lại mục này từ khoảng này",
        "zh": "从本时段起重新观察此项",
    },
    "off": {"en": "not watched", "th": "ไม่ได้เฝ้าดู", "vi": "không theo dõi", "zh": "未观察"},
    "interval_now": {
        "en": "Answers for this interval",
        "th": "คำตอบของช่วงนี้",
        "vi": "Trả lời cho khoảng này",
        "zh": "本时段的回答",
    },
    "scan_due": {
        "en": "Scan {n} is due",
        "th": "ถึงเวลากวาดสายตา ครั้งที่ {n}",
        "vi": "Đến lượt quét {n}",
        "zh": "该做第 {n} 次扫视了",
    },
    "scan_start": {
        "en": "Scan {n}: sweep now",
        "th": "ครั้งที่ {n}: กวาดสายตาเดี๋ยวนี้",
        "vi": "Lượt quét {n}: quét ngay",
        "zh": "第 {n} 次扫视：现在开始",
    },
    "scan_wait": {
        "en": "Done. The next one is due in {time}.",
        "th": "เสร็จแล้ว ครั้งต่อไปในอีก {time}",
        "vi": "Xong. Lượt sau trong {time}.",
        "zh": "已完成。{time} 后进行下一次。",
    },
    "person": {"en": "Person {n}", "th": "คนที่ {n}", "vi": "Người {n}", "zh": "第 {n} 人"},
    "next_person": {"en": "Next person", "th": "คนถัดไป", "vi": "Người tiếp theo", "zh": "下一人"},
    "new_note": {"en": "New note", "th": "บันทึกใหม่", "vi": "Ghi chú mới", "zh": "新备注"},
    "new_respondent": {
        "en": "Next respondent",
        "th": "ผู้ตอบคนถัดไป",
        "vi": "Người trả lời tiếp theo",
        "zh": "下一位受访者",
    },
    "times_up": {
        "en": "The planned time is over: stop, or go on watching.",
        "th": "ครบเวลาตามแผนแล้ว: กดเลิก หรือเฝ้าดูต่อ",
        "vi": "Hết thời gian dự kiến: kết thúc, hoặc theo dõi tiếp.",
        "zh": "计划时间已到：停止，或继续观察。",
    },
    "away": {
        "en": "The page was not open for {time}.",
        "th": "หน้านี้ไม่ได้เปิดอยู่เป็นเวลา {time}",
        "vi": "Trang không mở trong {time}.",
        "zh": "页面有 {time} 没有打开。",
    },
    "tab_interval": {"en": "Count", "th": "นับ", "vi": "Đếm", "zh": "计数"},
    "tab_scan": {"en": "Scan", "th": "กวาดตา", "vi": "Quét", "zh": "扫视"},
    "tab_focal": {"en": "Follow", "th": "ติดตาม", "vi": "Theo dõi", "zh": "跟踪"},
    "tab_per_ad": {"en": "Faces", "th": "ป้าย", "vi": "Mặt QC", "zh": "广告位"},
    "tab_answers": {"en": "Ask", "th": "ถาม", "vi": "Hỏi", "zh": "访问"},
    "tab_log": {"en": "Notes", "th": "บันทึก", "vi": "Ghi chú", "zh": "备注"},
    "tab_stop": {"en": "Stop", "th": "เลิก", "vi": "Dừng", "zh": "停止"},
}
"""Words by name and language; other languages fall back to English."""


def page_words(languages: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """Return all words of the page by language and name; English is always there.

    Examples
    --------
    >>> page_words(("th",))["th"]["tab_interval"]
    'นับ'
    """
    texts = {**{name: WORDS[name] for name in SHARED}, **PHONE_WORDS}
    return {
        language: {name: text.get(language, text["en"]) for name, text in texts.items()}
        for language in dict.fromkeys(("en", *languages))
    }
