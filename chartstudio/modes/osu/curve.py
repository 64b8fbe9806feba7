"""The shape of a slider: from control points to the line that the ball runs along.

Rules are those of osu! (``SliderPath``, ``ConvertHitObjectParser`` of ppy/osu; ``PathApproximator``
and ``CircularArcProperties`` of ppy/osu-framework), down to how finely each curve is broken into
straight lines, because the game measures lengths along those lines. It knows no time.

The game has no bound on the work that a slider may cause; here a path has at most about
``5,000 + 4 N`` points for N control points (100,000 for B-splines of high degree), and curves
that would need more are drawn coarser.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from chartstudio.modes.osu.notes import ControlPoint, Slider

Points = NDArray[np.float64]
"""Places in osu! pixels, shape (N, 2)."""

MAX_COORDINATE = 2.0**20
"""Places further out than this are taken to lie here. Files may say 131,072 at most."""

_MAX_LENGTH = 1e9

_BEZIER_TOLERANCE = 0.25
_ARC_TOLERANCE = 0.1
_CATMULL_DETAIL = 50
_MAX_ARC_POINTS = 1000
_COLLINEAR = 1e-3
"""Below this cross product the game takes three points to lie on a line."""

_MAX_ORDER = 512
"""A Bezier segment of more control points than this is drawn as the line through them."""

_MAX_SPLINE_WORK = 100_000
"""Likewise a B-spline whose points times its degree are more than this."""

_MAX_DEPTH = 16
_ROOM = 5_000
_ROOM_PER_POINT = 4

_CACHED_POINTS = 64
_CACHED_PATHS = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """One span of a slider as straight lines.

    Attributes
    ----------
    points : ndarray, shape (N, 2)
        N is at least 1; the first is the head.
    distances : ndarray, shape (N,)
        Distance of each from the head along the path.
    """

    points: Points
    distances: NDArray[np.float64]

    @property
    def length_px(self) -> float:
        """Length of the whole path."""
        return float(self.distances[-1])

    def at(self, progress: float) -> tuple[float, float]:
        """The place at a share of the length, 0 to 1."""
        distance = min(max(progress, 0.0), 1.0) * self.length_px
        x = np.interp(distance, self.distances, self.points[:, 0])
        y = np.interp(distance, self.distances, self.points[:, 1])
        return float(x), float(y)


def path_of(slider: Slider) -> Points:
    """One span of a slider, cut or stretched to its length.

    Returns
    -------
    ndarray, shape (N, 2), read-only
        The corners of the line, in osu! pixels; the first is the head.
    """
    return span_path(slider).points


def span_path(slider: Slider) -> Path:
    """One span of a slider with the distances along it."""
    spec = (slider.curve, slider.x, slider.y, slider.points, slider.length_px)
    return _cached(*spec) if len(slider.points) <= _CACHED_POINTS else _path(*spec)


def length_of(
    curve: str, x: float, y: float, points: Sequence[ControlPoint], length_px: float = 0.0
) -> float:
    """Length of one span as the game plays it.

    It is what the file says, with two exceptions: a length of 0 stands for the length of the
    control points, and a path that ends with the same corner twice is never stretched.

    Parameters
    ----------
    curve, x, y, points
        As of `Slider`.
    length_px : float
        What the file says; 0 for nothing.
    """
    last_two = [(px, py) for _, px, py in points[-2:]]
    if length_px > 0 and len(set([(x, y), *last_two][-2:])) == 2:
        return length_px
    return _path(curve, x, y, tuple(points), length_px if length_px > 0 else None).length_px


def position_at(slider: Slider, progress: float) -> tuple[float, float]:
    """Where the ball is.

    Parameters
    ----------
    slider : Slider
    progress : float
        In spans: 0 the head, 1 the end of the path, 2 the head again, up to ``n_spans``.
    """
    progress = min(max(progress, 0.0), float(slider.n_spans))
    rest = progress % 2.0
    return span_path(slider).at(2.0 - rest if rest > 1.0 else rest)


def end_position(slider: Slider) -> tuple[float, float]:
    """Where the ball is when the last span ends."""
    return position_at(slider, slider.n_spans)


def _path(
    curve: str, x: float, y: float, points: tuple[ControlPoint, ...], length_px: float | None
) -> Path:
    segments = list(_segments(curve, x, y, points))
    corners = _flatten(segments, len(points) + 1)
    ends_twice = len(corners) > 1 and bool(np.all(corners[-1] == corners[-2]))
    steps = np.hypot(*np.diff(corners, axis=0).T)
    keep = np.concatenate(([True], steps > 0))
    corners = corners[keep]
    distances = np.concatenate(([0.0], np.cumsum(steps[keep[1:]])))
    if length_px is not None:
        corners, distances = _fitted(Path(corners, distances), length_px, ends_twice)
    corners.flags.writeable = distances.flags.writeable = False
    return Path(corners, distances)


_cached = lru_cache(maxsize=_CACHED_PATHS)(_path)


def _fitted(path: Path, length_px: float, ends_twice: bool) -> tuple[Points, NDArray[np.float64]]:
    """Corners and distances of a path cut to a length, or stretched along its last line."""
    corners, distances = path.points, path.distances
    if not length_px > 0 or len(corners) == 1:
        return corners[:1], distances[:1]
    length_px = min(length_px, _MAX_LENGTH)
    if ends_twice and length_px > path.length_px:
        return corners, distances
    last = min(int(np.searchsorted(distances, length_px)), len(corners) - 1)
    start, end = corners[last - 1], corners[last]
    rest = length_px - distances[last - 1]
    tip = start + (end - start) * (rest / (distances[last] - distances[last - 1]))
    return (
        np.concatenate((corners[:last], tip[None])),
        np.concatenate((distances[:last], [length_px])),
    )


# Segments --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Segment:
    """Control points of one type: ``L``, ``P``, ``C`` or ``B``, the last with its degree.

    A degree of 0 is a Bezier curve through all points.
    """

    kind: str
    degree: int
    points: Points


def _segments(curve: str, x: float, y: float, points: Sequence[ControlPoint]) -> Iterator[_Segment]:
    """The slider's segments; each begins where the one before ends."""
    places = np.array([(x, y), *((px, py) for _, px, py in points)], dtype=np.float64)
    places = np.clip(np.nan_to_num(places), -MAX_COORDINATE, MAX_COORDINATE)
    starts = [0, *(i for i, (letter, _, _) in enumerate(points, start=1) if letter)]
    letters = [curve, *(letter for letter, _, _ in points if letter)]
    for letter, start, stop in zip(letters, starts, [*starts[1:], None], strict=True):
        own = places[start:stop]
        after = places[stop : stop + 1] if stop is not None else places[:0]
        yield from _group_segments(letter, own, after)


def _group_segments(letter: str, own: Points, after: Points) -> Iterator[_Segment]:
    """What one letter of the file stands for: segments that begin at points given twice.

    Parameters
    ----------
    letter : str
    own : ndarray, shape (N, 2)
    after : ndarray, shape (0 or 1, 2)
        The next letter's first point, where this one's last segment ends.
    """
    kind, degree = _kind(letter)
    if kind == "P":
        kind = _kind_of_arc(np.concatenate((own, after)))
    twice = np.flatnonzero(np.all(own[1:] == own[:-1], axis=1)) + 1
    # The last point given twice only keeps the path from being stretched; old Catmull sliders
    # have one segment, and of them only a head given twice is dropped.
    twice = twice[twice < len(own) - 1]
    if kind == "C":
        twice = twice[twice == 1]
    start = 0
    previous: Points = own[:0]
    for i in twice.tolist():
        run = own[start:i]
        start = i + 1
        if len(run):
            yield _Segment(kind, degree, np.concatenate((previous, run)))
            previous = run[-1:]
    yield _Segment(kind, degree, np.concatenate((previous, own[start:], after)))


def _kind(letter: str) -> tuple[str, int]:
    """Type and degree; a letter that osu! does not know is Catmull to it."""
    if letter[:1] == "B":
        degree = letter[1:]
        return "B", int(degree) if degree.isdecimal() and len(degree) < 10 else 0
    return (letter, 0) if letter in ("L", "P") else ("C", 0)


def _kind_of_arc(points: Points) -> str:
    """What a perfect circle becomes: only three points that are not in line make one."""
    if len(points) != 3:
        return "B"
    return "L" if abs(_cross(points)) <= _COLLINEAR else "P"


def _cross(p: Points) -> float:
    """Twice the signed area of a triangle."""
    (ax, ay), (bx, by), (cx, cy) = p.tolist()
    return float((by - ay) * (cx - ax) - (bx - ax) * (cy - ay))


# Curves to lines -------------------------------------------------------------------------


def _flatten(segments: Sequence[_Segment], n_points: int) -> Points:
    """Corners of the line through all segments, with corners shared by two given once.

    Bezier curves of one order are broken up all together; every run of corners carries a key
    that says where along the slider it belongs, the whole part being the segment.
    """
    room = _ROOM + _ROOM_PER_POINT * n_points
    keys: list[NDArray[np.float64]] = []
    corners: list[Points] = []
    curves: dict[int, list[_Curve]] = {}

    def add(key: float, points: Points) -> None:
        keys.append(np.full(len(points), key))
        corners.append(points)

    n_catmull = sum(len(s.points) for s in segments if s.kind == "C")
    detail = min(max(room // max(n_catmull, 1), 1), _CATMULL_DETAIL)
    for i, segment in enumerate(segments):
        points = segment.points
        arc = _arc(points, room) if segment.kind == "P" else None
        if arc is not None:
            room = max(room - len(arc), 0)
            add(i, arc)
        elif segment.kind == "C":
            add(i, _catmull(points, detail))
        elif segment.kind == "L" or len(points) < 3:
            add(i, points)
        else:
            pieces = _bezier_pieces(points, segment.degree)
            for n, piece in enumerate(pieces):
                curve = _Curve(i + n / len(pieces), 1 / len(pieces), piece)
                curves.setdefault(len(piece), []).append(curve)
            add(math.nextafter(i + 1, 0), points[-1:])
    for group in curves.values():
        for group_keys, group_corners in _flatten_beziers(group, room):
            room = max(room - len(group_corners), 0)
            keys.append(group_keys)
            corners.append(group_corners)
    all_keys = np.concatenate(keys)
    order = np.argsort(all_keys, kind="stable")
    found, owner = np.concatenate(corners)[order], np.floor(all_keys[order])
    joint = (owner[1:] != owner[:-1]) & np.all(found[1:] == found[:-1], axis=1)
    return found[np.concatenate(([True], ~joint))]


@dataclass(frozen=True, slots=True, eq=False)
class _Curve:
    """A Bezier curve and the stretch of keys that is kept for its corners."""

    key: float
    width: float
    points: Points


def _catmull(points: Points, detail: int) -> Points:
    """A Catmull-Rom spline through all points, ``detail`` lines from each to the next."""
    n = len(points)
    if n < 2:
        return points
    v2, v3 = points[:-1], points[1:]
    v1 = np.concatenate((points[:1], points[: n - 2]))
    v4 = np.concatenate((points[2:], (2 * v3[-1] - v2[-1])[None]))
    t = (np.arange(1, detail + 1) / detail)[None, :, None]
    a, b, c, d = (v[:, None, :] for v in (v1, v2, v3, v4))
    square = 2 * a - 5 * b + 4 * c - d
    cube = -a + 3 * b - 3 * c + d
    found = 0.5 * (2 * b + (c - a) * t + square * t**2 + cube * t**3)
    return np.concatenate((points[:1], found.reshape(-1, 2)))


def _arc(points: Points, room: int) -> Points | None:
    """The circle through three points, from the first over the second to the third.

    None where the game draws a Bezier curve instead: points in line, or an arc too large.
    """
    if abs(_cross(points)) <= _COLLINEAR:
        return None
    # Seen from the first point, large coordinates cost no precision.
    (bx, by), (cx, cy) = (points[1:] - points[0]).tolist()
    d = 2 * (bx * cy - by * cx)
    b_square, c_square = bx * bx + by * by, cx * cx + cy * cy
    ux, uy = (cy * b_square - by * c_square) / d, (bx * c_square - cx * b_square) / d
    radius = math.hypot(ux, uy)
    start = math.atan2(-uy, -ux)
    turn = (math.atan2(cy - uy, cx - ux) - start) % (2 * math.pi)
    if cy * bx - cx * by < 0:
        turn -= 2 * math.pi
    n = 2
    if 2 * radius > _ARC_TOLERANCE:
        step = 2 * math.acos(1 - _ARC_TOLERANCE / radius)
        n = max(2, math.ceil(abs(turn) / step)) if step > 0 else _MAX_ARC_POINTS
    if n >= _MAX_ARC_POINTS:
        return None
    angles = start + turn * np.linspace(0.0, 1.0, min(n, max(room, 3)))
    offset = np.array((ux, uy)) + radius * np.stack((np.cos(angles), np.sin(angles)), axis=1)
    found: Points = points[0] + offset
    return found


def _bezier_pieces(points: Points, degree: int) -> list[Points]:
    """Bezier curves that make up a segment: one, or a B-spline's, by Boehm's knot insertion."""
    n = len(points) - 1
    degree = min(degree, n) or n
    if degree >= _MAX_ORDER or (degree < n and (n - degree) * degree > _MAX_SPLINE_WORK):
        return [points[i : i + 2] for i in range(n)]
    pieces = []
    points = points.copy()
    for i in range(n - degree):
        piece = np.empty((degree + 1, 2))
        piece[0] = points[i]
        for j in range(degree - 1):
            piece[j + 1] = points[i + 1]
            weight = np.minimum(np.arange(1, degree - j), n - degree - i)[:, None]
            near, far = points[i + 1 : i + degree - j], points[i + 2 : i + degree - j + 1]
            points[i + 1 : i + degree - j] = (weight * near + far) / (weight + 1)
        piece[degree] = points[i + 1]
        pieces.append(piece)
    return [*pieces, points[n - degree :]]


def _flatten_beziers(
    curves: Sequence[_Curve], room: int
) -> Iterator[tuple[NDArray[np.float64], Points]]:
    """Corners of curves of one order, each curve without its last point, with their keys."""
    pieces = np.stack([c.points for c in curves])
    keys = np.array([c.key for c in curves])
    widths = np.array([c.width for c in curves])
    n_corners = pieces.shape[1] - 1
    for depth in range(_MAX_DEPTH + 1):
        bend = pieces[:, :-2] - 2 * pieces[:, 1:-1] + pieces[:, 2:]
        curved = np.any(np.sum(bend**2, axis=2) > 4 * _BEZIER_TOLERANCE**2, axis=1)
        if depth == _MAX_DEPTH or (len(pieces) + int(curved.sum())) * n_corners > room:
            curved[:] = False
        room -= int((~curved).sum()) * n_corners
        if not np.all(curved):
            yield np.repeat(keys[~curved], n_corners), _approximate(pieces[~curved])
        if not np.any(curved):
            return
        left, right = _halves(pieces[curved])
        keys, widths = keys[curved], widths[curved] / 2
        pieces = np.concatenate((left, right))
        keys = np.concatenate((keys, keys + widths))
        widths = np.concatenate((widths, widths))


def _halves(pieces: Points) -> tuple[Points, Points]:
    """Both halves of Bezier curves (de Casteljau), shapes (K, M, 2)."""
    n = pieces.shape[1]
    left, right = np.empty_like(pieces), np.empty_like(pieces)
    middle = pieces
    for i in range(n):
        left[:, i] = middle[:, 0]
        right[:, n - 1 - i] = middle[:, -1]
        middle = (middle[:, :-1] + middle[:, 1:]) / 2
    return left, right


def _approximate(pieces: Points) -> Points:
    """As many corners for nearly flat curves as they have control points, but the last."""
    k, n, _ = pieces.shape
    found = np.empty((k, n - 1, 2))
    found[:, 0] = pieces[:, 0]
    if n > 2:
        left, right = _halves(pieces)
        both = np.concatenate((left, right[:, 1:]), axis=1)
        between = both[:, 1::2]
        found[:, 1:] = 0.25 * (between[:, :-1] + 2 * both[:, 2:-1:2] + between[:, 1:])
    return found.reshape(-1, 2)
