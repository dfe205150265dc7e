"""Ten digits as strokes of a pen, in three hands."""

import math

Stroke = list[tuple[float, float]]
STYLES = ("upright", "slanted", "wobbly")


def _arc(x: float, y: float, rx: float, ry: float, start: float, end: float, n: int = 20) -> Stroke:
    """Part of an ellipse; degrees run clockwise from the right, because y points down."""
    angles = [math.radians(start + (end - start) * i / (n - 1)) for i in range(n)]
    return [(x + rx * math.cos(a), y + ry * math.sin(a)) for a in angles]


DIGITS: list[list[Stroke]] = [
    [_arc(0.5, 0.5, 0.28, 0.4, -90, 270)],
    [[(0.5, 0.1), (0.5, 0.9)]],
    [[*_arc(0.5, 0.33, 0.26, 0.23, -170, 30), (0.25, 0.88), (0.8, 0.88)]],
    [_arc(0.47, 0.3, 0.25, 0.2, -160, 90) + _arc(0.47, 0.7, 0.29, 0.2, -90, 160)],
    [[(0.3, 0.1), (0.24, 0.52), (0.78, 0.5)], [(0.68, 0.12), (0.64, 0.9)]],
    [[(0.75, 0.12), (0.36, 0.13), (0.32, 0.45), *_arc(0.48, 0.65, 0.27, 0.24, -125, 150)]],
    [_arc(0.75, 0.65, 0.5, 0.58, -105, -180) + _arc(0.47, 0.68, 0.22, 0.2, -180, 180)],
    [[(0.22, 0.14), (0.78, 0.14), (0.45, 0.9)]],
    [_arc(0.5, 0.3, 0.2, 0.18, 90, -270) + _arc(0.5, 0.7, 0.24, 0.22, -90, 270)],
    [[*_arc(0.48, 0.33, 0.22, 0.21, 0, -360), (0.7, 0.33), (0.64, 0.9)]],
]


def drawing(digit: int, style: str) -> list[list[dict[str, float]]]:
    """Strokes of one digit, points in units of the canvas."""

    def move(x: float, y: float) -> dict[str, float]:
        if style == "slanted":
            x += 0.25 * (0.5 - y)
        elif style == "wobbly":
            x, y = 0.5 + 0.8 * (x - 0.5) + 0.02 * math.sin(19 * y), y + 0.02 * math.sin(15 * x)
        return {"x": x, "y": y}

    return [[move(x, y) for x, y in stroke] for stroke in DIGITS[digit]]
