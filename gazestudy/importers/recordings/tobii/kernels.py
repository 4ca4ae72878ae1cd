"""Lines of Tobii's glasses in exactly the form in which the devices write them, read in compiled loops.

An hour is half a gigabyte of text, and nearly all of its lines look alike. What does not look so in every
byte (another order of keys, spaces, huge numbers, damage) is left to the parser of JSON: these loops decide
nothing. Numbers are those of the text to the last bit: whole mantissas over powers of ten, with remainder.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

_FunctionT = TypeVar("_FunctionT", bound=Callable[..., Any])


def _compiled(function: _FunctionT) -> _FunctionT:
    return cast(_FunctionT, njit(cache=True, nogil=True, error_model="numpy")(function))


def _bytes(text: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(text, np.uint8)


KINDS = ("pcleft", "pcright", "pdleft", "pdright", "gdleft", "gdright", "gp", "gp3", "ac", "gy")
"""Packets of Glasses 2 that `packet_lines` reads, by key and eye, in the order of its rows."""

_POINT_2D, _DELAY = 6, -2  # the first packet of no eye; a latency, which stands before it

GAZE_WIDTH = 19
"""Numbers in gaze of Glasses 3: gaze2d, gaze3d; of each eye gazeorigin, gazedirection, pupildiameter."""

_NEWLINE, _MINUS, _POINT, _ZERO, _NINE, _COMMA, _CLOSE, _E = 10, 45, 46, 48, 57, 44, 125, 101
_MOST = 10**17  # one more digit still fits into 64 bits
_MOST_DIGITS = 15  # of a whole number: times of less than 285 years
_MOST_STATUS = 2**31
_EXACT = 2**53
_POWERS = 10.0 ** np.arange(23)  # all exact
_HALVES = 2.0**27 + 1  # splits a double into halves of 26 bits

_TS, _S, _GIDX = _bytes(b'{"ts":'), _bytes(b',"s":'), _bytes(b',"gidx":')
_PC, _PD, _GD = _bytes(b',"pc":['), _bytes(b',"pd":'), _bytes(b',"gd":[')
_L, _GP, _GP3 = _bytes(b',"l":'), _bytes(b',"gp":['), _bytes(b',"gp3":[')
_AC, _GY = _bytes(b',"ac":['), _bytes(b',"gy":[')
_LEFT, _RIGHT = _bytes(b',"eye":"left"}\n'), _bytes(b',"eye":"right"}\n')
_LIST_END, _LINE_END = _bytes(b"]"), _bytes(b"]}\n")

_GAZE, _GAZE_DATA = _bytes(b'{"type":"gaze","timestamp":'), _bytes(b',"data":{')
_EMPTY_END, _DATA_END = _bytes(b"}}\n"), _bytes(b"}}}\n")
_GAZE2D, _GAZE3D = _bytes(b'"gaze2d":['), _bytes(b'],"gaze3d":[')
_EYELEFT, _EYERIGHT = _bytes(b'],"eyeleft":{'), _bytes(b'},"eyeright":{')
_ORIGIN, _DIRECTION = _bytes(b'"gazeorigin":['), _bytes(b'],"gazedirection":[')
_PUPIL = _bytes(b'],"pupildiameter":')

_IMU = _bytes(b'{"type":"imu","timestamp":')
_SENSORS = (_bytes(b'"gyroscope":['), _bytes(b'"accelerometer":['), _bytes(b'"magnetometer":['))
_GYROSCOPE, _ACCELEROMETER, _MAGNETOMETER = _SENSORS


@_compiled
def _literal(text: Any, at: int, wanted: Any) -> int:
    """Return the place behind `wanted`, -1 if the text goes on otherwise (or had ended: at < 0)."""
    if at < 0 or at + len(wanted) > len(text):
        return -1
    for i in range(len(wanted)):
        if text[at + i] != wanted[i]:
            return -1
    return at + len(wanted)


@_compiled
def _whole(text: Any, at: int) -> tuple[int, int]:
    """Return a whole number and the place behind it, which is -1 if there is none."""
    if at < 0:
        return 0, -1
    negative = at < len(text) and text[at] == _MINUS
    if negative:
        at += 1
    start, value = at, 0
    while at < len(text) and _ZERO <= text[at] <= _NINE:
        value = value * 10 + (text[at] - _ZERO)
        at += 1
        if at - start > _MOST_DIGITS:
            return 0, -1
    if at == start or (at - start > 1 and text[start] == _ZERO):
        return 0, -1
    return -value if negative else value, at


@_compiled
def _decimal(text: Any, at: int) -> tuple[float, int]:
    """Return a decimal number and the place behind it, which is -1 if there is none."""
    if at < 0:
        return 0.0, -1
    negative = at < len(text) and text[at] == _MINUS
    if negative:
        at += 1
    start, value, point = at, 0, -1
    while at < len(text):
        byte = text[at]
        if _ZERO <= byte <= _NINE:
            if value >= _MOST:
                return 0.0, -1
            value = value * 10 + (byte - _ZERO)
        elif byte == _POINT and point < 0 and at > start:
            point = at
        else:
            break
        at += 1
    if at == start or point == at - 1 or (text[start] == _ZERO and at - start > 1 and point != start + 1):
        return 0.0, -1
    behind = at - point - 1 if point >= 0 else 0
    if at < len(text) and text[at] == _E:
        more, at = _exponent(text, at)
        behind += more
    if behind >= len(_POWERS):
        return 0.0, -1
    number = _divided(value, _POWERS[behind])
    return -number if negative else number, at


@_compiled
def _exponent(text: Any, at: int) -> tuple[int, int]:
    """Return how many more digits a number such as 3.5e-05 has behind the point, and the place behind."""
    if at + 3 >= len(text) or text[at + 1] != _MINUS:
        return 0, -1
    power, end = _whole(text, at + 3 if text[at + 2] == _ZERO else at + 2)
    return abs(power), end


@_compiled
def _divided(value: int, power: float) -> float:
    """Return a whole number over a power of ten, rounded once."""
    if value < _EXACT:
        return value / power
    high = float(value)
    low = float(value - int(high))
    number = high / power
    product = number * power
    split = _HALVES * number
    number_high = split - (split - number)
    number_low = number - number_high
    split = _HALVES * power
    power_high = split - (split - power)
    power_low = power - power_high
    error = number_low * power_low - (
        ((product - number_high * power_high) - number_low * power_high) - number_high * power_low
    )
    return number + (((high - product) - error) + low) / power


@_compiled
def _numbers(text: Any, at: int, count: int, row: Any, first: int) -> int:
    """Read numbers between commas into a row; return the place behind, -1 if they are not so."""
    for i in range(count):
        if i:
            if at < 0 or at >= len(text) or text[at] != _COMMA:
                return -1
            at += 1
        row[first + i], at = _decimal(text, at)
        if at < 0:
            return -1
    return at


@_compiled
def _next_line(text: Any, at: int) -> int:
    while at < len(text) and text[at] != _NEWLINE:
        at += 1
    return at + 1


@_compiled
def packet_lines(
    text: Any, times: Any, status: Any, gidx: Any, values: Any, latency: Any, counts: Any, left: Any
) -> tuple[int, int]:
    """Read packets of Glasses 2.

    Parameters
    ----------
    text : ndarray of uint8
        Whole lines.
    times, status, gidx : ndarray of int64, shape (len(KINDS), n_lines)
        Filled with the packets of each kind; `gidx` is -1 where there is none.
    values : ndarray of float64, shape (len(KINDS), n_lines, 3)
        Their numbers.
    latency : ndarray of float64, shape (n_lines,)
        That of the packets of the 2-D gaze.
    counts : ndarray of int64, shape (len(KINDS),)
        Packets of each kind.
    left : ndarray of int64, shape (n_lines, 3)
        Lines in another form: start, end, number in the text (from 0).

    Returns
    -------
    n_lines, n_left : int
        Lines, and those in another form.
    """
    at, line, others = 0, 0, 0
    row = np.empty(3)
    while at < len(text):
        time, here = _whole(text, _literal(text, at, _TS))
        state, here = _whole(text, _literal(text, here, _S))
        number = -1
        if _literal(text, here, _GIDX) > 0:
            number, here = _whole(text, _literal(text, here, _GIDX))
        kind, delay, end = _packet(text, here, row)
        if end > 0 and 0 <= state < _MOST_STATUS:
            n = counts[kind]
            times[kind, n], status[kind, n], gidx[kind, n] = time, state, number
            for i in range(3):
                values[kind, n, i] = row[i]
            if kind == _POINT_2D:
                latency[n] = delay
            counts[kind] += 1
        else:
            end = _next_line(text, at)
            left[others, 0], left[others, 1], left[others, 2] = at, min(end, len(text)), line
            others += 1
        at = end
        line += 1
    return line, others


@_compiled
def _packet(text: Any, at: int, row: Any) -> tuple[int, float, int]:
    """Return the kind of a packet, its latency, and where the next line begins (-1: in another form)."""
    kind, here, count = _key(text, at)
    delay = np.nan
    if kind == _DELAY:
        delay, here = _decimal(text, here)
        kind, here = _POINT_2D, _literal(text, here, _GP)
    here = _numbers(text, here, count, row, 0)
    if kind >= _POINT_2D:
        return kind, delay, _literal(text, here, _LINE_END)
    if count > 1:
        here = _literal(text, here, _LIST_END)
    end = _literal(text, here, _LEFT)
    return (kind, delay, end) if end > 0 else (kind + 1, delay, _literal(text, here, _RIGHT))


@_compiled
def _key(text: Any, at: int) -> tuple[int, int, int]:
    """Return the kind of a packet (of the left eye), where its numbers begin (-1: none), how many."""
    kind, count, here = 0, 3, _literal(text, at, _PC)
    if here < 0:
        kind, count, here = 2, 1, _literal(text, at, _PD)
    if here < 0:
        kind, count, here = 4, 3, _literal(text, at, _GD)
    if here < 0:
        kind, count, here = _DELAY, 2, _literal(text, at, _L)
    if here < 0:
        kind, count, here = _POINT_2D, 2, _literal(text, at, _GP)
    if here < 0:
        kind, count, here = 7, 3, _literal(text, at, _GP3)
    if here < 0:
        kind, count, here = 8, 3, _literal(text, at, _AC)
    if here < 0:
        kind, count, here = 9, 3, _literal(text, at, _GY)
    return kind, here, count


@_compiled
def gaze_lines(text: Any, times: Any, values: Any, left: Any) -> tuple[int, int]:
    """Read gaze of Glasses 3.

    Parameters
    ----------
    text : ndarray of uint8
        Whole lines.
    times : ndarray of float64, shape (n_lines,)
        Filled with the times, s.
    values : ndarray of float64, shape (n_lines, GAZE_WIDTH)
        Filled with the numbers, NaN where a line has none.
    left : ndarray of int64, shape (n_lines, 3)
        As in `packet_lines`.

    Returns
    -------
    n_lines, n_left : int
        Lines, and those in another form.
    """
    at, line, others, n = 0, 0, 0, 0
    while at < len(text):
        time, here = _decimal(text, _literal(text, at, _GAZE))
        here = _literal(text, here, _GAZE_DATA)
        row = values[n]
        row[:] = np.nan
        end = _literal(text, here, _EMPTY_END)
        if end < 0:
            here = _numbers(text, _literal(text, here, _GAZE2D), 2, row, 0)
            here = _numbers(text, _literal(text, here, _GAZE3D), 3, row, 2)
            here = _eye(text, _literal(text, here, _EYELEFT), row, 5)
            here = _eye(text, _literal(text, here, _EYERIGHT), row, 12)
            end = _literal(text, here, _DATA_END)
        if end > 0:
            times[n] = time
            n += 1
        else:
            end = _next_line(text, at)
            left[others, 0], left[others, 1], left[others, 2] = at, min(end, len(text)), line
            others += 1
        at = end
        line += 1
    return line, others


@_compiled
def _eye(text: Any, at: int, row: Any, first: int) -> int:
    """Read one eye, which may be empty; return the place of its closing bracket."""
    if 0 <= at < len(text) and text[at] == _CLOSE:
        return at
    at = _numbers(text, _literal(text, at, _ORIGIN), 3, row, first)
    at = _numbers(text, _literal(text, at, _DIRECTION), 3, row, first + 3)
    at = _literal(text, at, _PUPIL)
    if at < 0:
        return -1
    row[first + 6], at = _decimal(text, at)
    return at


@_compiled
def sensor_lines(text: Any, times: Any, values: Any, left: Any) -> tuple[int, int]:
    """Read movement and magnetism of Glasses 3.

    Parameters
    ----------
    text : ndarray of uint8
        Whole lines.
    times : ndarray of float64, shape (n_lines,)
        Filled with the times, s.
    values : ndarray of float64, shape (n_lines, 9)
        Filled with gyroscope, accelerometer and magnetometer, NaN where a line has none.
    left : ndarray of int64, shape (n_lines, 3)
        As in `packet_lines`.

    Returns
    -------
    n_lines, n_left : int
        Lines, and those in another form.
    """
    at, line, others, n = 0, 0, 0, 0
    while at < len(text):
        time, here = _decimal(text, _literal(text, at, _IMU))
        here = _literal(text, here, _GAZE_DATA)
        row = values[n]
        row[:] = np.nan
        end = -1
        while here > 0:
            if _literal(text, here, _GYROSCOPE) > 0:
                here, first = _literal(text, here, _GYROSCOPE), 0
            elif _literal(text, here, _ACCELEROMETER) > 0:
                here, first = _literal(text, here, _ACCELEROMETER), 3
            elif _literal(text, here, _MAGNETOMETER) > 0:
                here, first = _literal(text, here, _MAGNETOMETER), 6
            else:
                break
            here = _literal(text, _numbers(text, here, 3, row, first), _LIST_END)
            end = _literal(text, here, _EMPTY_END)
            if end > 0 or here < 0 or here >= len(text) or text[here] != _COMMA:
                break
            here += 1
        if end > 0:
            times[n] = time
            n += 1
        else:
            end = _next_line(text, at)
            left[others, 0], left[others, 1], left[others, 2] = at, min(end, len(text)), line
            others += 1
        at = end
        line += 1
    return line, others
