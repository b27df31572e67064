"""Dates and times as datasets write them, as ISO 8601."""

import re
from datetime import datetime

STAMP = re.compile(r"(?:^|_)(?:(?P<site>[A-Za-z][A-Za-z0-9]*)_)?(?P<day>\d{8})(?:_(?P<time>\d{6}))?$")
"""The end of the name of a recording from the field: COR_20190904, H02_20230420_074000."""
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
CLOCK = re.compile(r"(\d{1,2})[:h.](\d{2})(?::\d{2})?\s*([ap])?\.?(?:m\.?)?", re.IGNORECASE)


def moment(date: str, time: str = "") -> str | None:
    """A day with its time of day, where both can be read; a day alone where only it can; None without a day.

    `0000-00-00`, `2013-06-00`, `?` and their like are unknown, as contributors meant them.
    """
    day = DAY.fullmatch(date.strip())
    if day is None or _parsed(day[0]) is None:
        return None
    clock = _clock(time)
    return f"{day[0]}T{clock}" if clock and _parsed(f"{day[0]}T{clock}") else day[0]


def stamp_of(stem: str) -> tuple[str | None, str | None]:
    """(site, moment) that the name of a recording from the field ends with; None for what it doesn't say."""
    found = STAMP.search(stem)
    if found is None:
        return None, None
    day, time = found["day"], found["time"] or ""
    return found["site"], moment(f"{day[:4]}-{day[4:6]}-{day[6:]}", ":".join((time[:2], time[2:4], time[4:])))


def seconds(text: str) -> float | None:
    """`00:01:05`, `0 days 00:01:05` or `65` in seconds; None where it is none of these."""
    found = re.fullmatch(r"(?:0 days )?(\d+):(\d{2}):(\d{2}(?:\.\d+)?)|(\d+(?:\.\d+)?)", text.strip())
    if found is None:
        return None
    hours, minutes, rest, plain = found.groups()
    return float(plain) if plain else 3600 * int(hours) + 60 * int(minutes) + float(rest)


def _clock(text: str) -> str | None:
    found = CLOCK.fullmatch(text.strip())
    if found is None:
        return None
    hour, half = int(found[1]), (found[3] or "").lower()
    if half and not 1 <= hour <= 12:
        return None
    hour = hour % 12 + 12 * (half == "p") if half else hour
    return f"{hour:02}:{found[2]}"


def _parsed(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
