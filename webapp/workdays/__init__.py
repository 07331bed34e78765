"""Working days, deadlines and how they were reckoned: pure arithmetic over a calendar passed in.

Instants go in and come out as aware UTC datetimes; days are days of the institution's own time zone.
"""

from .calendar import Calendar, SpecialDay, china_calendar
from .deadlines import UNITS, Day, Deadline
from .drawing import Cell, cells
from .errors import WorkdaysError
from .reckoning import END_OF_DAY, due, remind_at, span
from .remaining import TimeLeft, time_left, working_days_left

__all__ = [
    "END_OF_DAY",
    "UNITS",
    "Calendar",
    "Cell",
    "Day",
    "Deadline",
    "SpecialDay",
    "TimeLeft",
    "WorkdaysError",
    "cells",
    "china_calendar",
    "due",
    "remind_at",
    "span",
    "time_left",
    "working_days_left",
]
