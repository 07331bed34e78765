"""The sentence that shows how a deadline was reckoned, in Chinese and English."""

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from .deadlines import Deadline

_UNITS_ZH = {"working_days": "个工作日", "days": "天", "weeks": "周", "months": "个月", "hours": "小时"}
_UNITS_EN = {
    "working_days": "working day",
    "days": "day",
    "weeks": "week",
    "months": "month",
    "hours": "hour",
}


def sentence(deadline: "Deadline", locale: str, *, event: bool = False) -> str:
    """One sentence of working; a second one says what may still move it.

    `event`: it runs from the day something happened, not from the day something was received.
    """
    return _chinese(deadline, "发生" if event else "收到") if locale.startswith("zh") else _english(deadline, event)


def _chinese(deadline: "Deadline", begun: str) -> str:
    start, end = _ends(deadline)
    unit = _UNITS_ZH[deadline.unit]
    count = f"{deadline.n} {unit}" if deadline.n else "当日"
    if deadline.unit == "hours":
        parts = [f"{start:%Y-%m-%d %H:%M} 起算 {deadline.n} 小时"]
        if deadline.paused_for:
            parts.append(f"停表 {_hours_minutes(deadline)[0]}不计入")
    else:
        parts = [f"{start:%Y-%m-%d} {begun}，次日起算 {count}" if deadline.n else f"{start:%Y-%m-%d} {begun}，当日办结"]
        parts += _left_out_zh(deadline)
    parts.append(f"{_short(start, end)} 截止")
    text = "，".join(parts) + "。"
    if deadline.paused:
        text += "现已停表，恢复后顺延。"
    if deadline.provisional:
        text += f"{end.year} 年放假安排尚未公布，公布后重算。"
    return text


def _left_out_zh(deadline: "Deadline") -> list[str]:
    weekends, holidays, paused = (deadline.count(kind) for kind in ("rest", "holiday", "paused"))
    parts = []
    if deadline.unit == "working_days":
        left_out = [f"{what} {n} 天" for what, n in (("周末", weekends), ("节假日", holidays)) if n]
        if left_out:
            parts.append("扣" + "、".join(left_out))
        if made_up := _made_up(deadline):
            parts.append(f"调休上班 {made_up} 天计入")
    elif weekends or holidays:
        parts.append("末日逢休息日，顺延至下一工作日")
    if paused:
        parts.append(f"停表 {paused} {'个工作日' if deadline.unit == 'working_days' else '天'}不计入")
    return parts


def _english(deadline: "Deadline", event: bool) -> str:
    start, end = _ends(deadline)
    begun = "Happened" if event else "Received"
    count = _plural(deadline.n, _UNITS_EN[deadline.unit])
    if deadline.unit == "hours":
        parts = [f"{count} from {start:%Y-%m-%d %H:%M}"]
        if deadline.paused_for:
            parts.append(f"{_hours_minutes(deadline)[1]} on hold not counted")
    elif deadline.n:
        parts = [f"{begun} {start:%Y-%m-%d}, {count} counted from the next day", *_left_out_en(deadline)]
    else:
        parts = [f"{begun} {start:%Y-%m-%d}, to be done the same day", *_left_out_en(deadline)]
    parts.append(f"due {_short(start, end)}")
    text = ", ".join(parts) + "."
    if deadline.paused:
        text += " The clock stands still now; the date moves on when it resumes."
    if deadline.provisional:
        text += f" The holidays of {end.year} aren't published yet; it is reckoned again when they are."
    return text


def _left_out_en(deadline: "Deadline") -> list[str]:
    weekends, holidays, paused = (deadline.count(kind) for kind in ("rest", "holiday", "paused"))
    parts = []
    if deadline.unit == "working_days":
        days_off = (("weekend day", weekends), ("holiday", holidays))
        left_out = [_plural(n, what) for what, n in days_off if n]
        if left_out:
            parts.append(" and ".join(left_out) + " left out")
        if made_up := _made_up(deadline):
            parts.append(f"{_plural(made_up, 'make-up workday')} counted")
    elif weekends or holidays:
        parts.append("moved on to the next working day")
    if paused:
        parts.append(f"{_plural(paused, 'day')} on hold not counted")
    return parts


def _made_up(deadline: "Deadline") -> int:
    last = deadline.days[-1]
    # A counted weekend day that closes the reckoning is of kind "end" and keeps only its name.
    return deadline.count("makeup") + (1 if last.number and last.name and last.date.weekday() >= 5 else 0)


def _ends(deadline: "Deadline") -> tuple[datetime, datetime]:
    zone = ZoneInfo(deadline.zone)
    return deadline.since.astimezone(zone), deadline.at.astimezone(zone)


def _short(start: datetime, end: datetime) -> str:
    return f"{end:%m-%d %H:%M}" if start.year == end.year else f"{end:%Y-%m-%d %H:%M}"


def _hours_minutes(deadline: "Deadline") -> tuple[str, str]:
    hours, minutes = divmod(round(deadline.paused_for.total_seconds() / 60), 60)
    zh = (f"{hours} 小时 " if hours else "") + (f"{minutes} 分 " if minutes or not hours else "")
    en = [_plural(n, what) for n, what in ((hours, "hour"), (minutes, "minute")) if n]
    return zh.strip(), " ".join(en) or "0 minutes"


def _plural(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"
