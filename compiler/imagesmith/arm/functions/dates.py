"""Date functions (ARM documentation, 'Date functions for ARM templates'); the clock is an argument."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import partial

from imagesmith.arm.calls import Invocation
from imagesmith.arm.functions.moments import COMPACT, GENERAL, MomentFault, read_moment, write_moment
from imagesmith.arm.rows import Function, Page

_DURATION = re.compile(
    r"(?P<sign>-?)P(?:(?P<years>\d{1,5})Y)?(?:(?P<months>\d{1,5})M)?(?:(?P<weeks>\d{1,6})W)?(?:(?P<days>\d{1,7})D)?"
    r"(?:T(?:(?P<hours>\d{1,9})H)?(?:(?P<minutes>\d{1,9})M)?(?:(?P<seconds>\d{1,9}(?:\.\d{1,6})?)S)?)?"
)


def _utc_now(call: Invocation) -> str:
    return _written(call, call.environment.surroundings.now, call.text(0) if len(call) else COMPACT)


def _written(call: Invocation, moment: datetime, form: str) -> str:
    call.charge(len(form) * 10)
    try:
        return write_moment(moment, form)
    except MomentFault as error:
        raise call.fault(str(error)) from None


def _add(call: Invocation) -> str:
    base, duration = call.text(0), call.text(1)
    try:
        moment, form = read_moment(base)
    except MomentFault as error:
        raise call.fault(str(error)) from None
    match = _DURATION.fullmatch(duration)
    if match is None or duration.rstrip("T").lstrip("-") == "P":
        raise call.fault(f"{duration!r} is no ISO 8601 duration such as P1D or -PT90M")
    try:
        moved = _moved(moment, match)
    except (ValueError, OverflowError):
        raise call.fault(f"{base} moved by {duration} is outside of the calendar") from None
    return _written(call, moved, call.text(2) if len(call) > 2 else form or GENERAL)


def _moved(moment: datetime, duration: re.Match[str]) -> datetime:
    """Years are 365 days and months 30, as .NET's reader of durations (XmlConvert) has it."""
    part = {name: float(value) for name, value in duration.groupdict().items() if name != "sign" and value}
    days = part.get("years", 0) * 365 + part.get("months", 0) * 30 + part.get("weeks", 0) * 7 + part.get("days", 0)
    step = timedelta(
        days=days, hours=part.get("hours", 0), minutes=part.get("minutes", 0), seconds=part.get("seconds", 0)
    )
    return moment - step if duration["sign"] else moment + step


def _from_epoch(call: Invocation) -> str:
    try:
        moment = datetime.fromtimestamp(call.integer(0), UTC)
    except (ValueError, OverflowError, OSError):
        raise call.fault("the number of seconds is outside of the calendar") from None
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _to_epoch(call: Invocation) -> int:
    try:
        return int(read_moment(call.text(0))[0].timestamp())
    except MomentFault as error:
        raise call.fault(str(error)) from None


_date_row = partial(Function, page=Page.DATE)

ROWS = (
    _date_row(
        name="utcNow", least=0, most=1, apply=_utc_now, default_only=True, note="The run's time in a .NET date format."
    ),
    _date_row(name="dateTimeAdd", least=2, most=3, apply=_add, note="A date moved by an ISO 8601 duration."),
    _date_row(name="dateTimeFromEpoch", least=1, most=1, apply=_from_epoch, note="The date of seconds since 1970."),
    _date_row(name="dateTimeToEpoch", least=1, most=1, apply=_to_epoch, note="The seconds since 1970 of a date."),
)
