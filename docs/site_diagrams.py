"""Draws the diagrams of the docs: `python docs/site_diagrams.py`.

They are SVG files in the color of the text around them. Seen alone, as on GitHub,
they follow the reader's color scheme. 340 pixels are as wide as any of them is.
"""

import pathlib

from keras_mixup import schedules

FOLDER = pathlib.Path(__file__).parent / "diagrams"
WIDTH = 340
FORMULA = "λ · ℓ(y, p) + (1 − λ) · ℓ(y of the partner, p)"
STYLE = (
    "<style>svg{color:#1c1c1c}@media(prefers-color-scheme:dark)"
    "{svg{color:#e3e3e3}}</style>"
)
FRAME = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
    'width="{width}" height="{height}" font-family="sans-serif" font-size="13" '
    'fill="currentColor">'
)


def text(x, y, content, anchor="middle", **attributes):
    """One line of text."""
    more = "".join(f' {name.replace("_", "-")}="{v}"' for name, v in attributes.items())
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}"{more}>{content}</text>'


def box(x, y, width, *lines, height=44, strong=False, dashed=False):
    """A box with lines of text, the first of them bold."""
    stroke = f'stroke="currentColor" stroke-width="{2.5 if strong else 1}"'
    dash = ' stroke-dasharray="4 3"' if dashed else ""
    parts = [
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="6" '
        f'fill="none" {stroke}{dash}/>'
    ]
    middle = y + height / 2 + 4.5 - 8 * (len(lines) - 1)
    for number, line in enumerate(lines):
        weight = {"font_weight": "bold"} if number == 0 else {}
        size = {} if number == 0 else {"font_size": 12}
        center = round(x + width / 2, 1)
        parts.append(text(center, middle + 16 * number, line, **weight, **size))
    return "".join(parts)


def arrow(*points):
    """A line through points, with a head where it ends."""
    path = " ".join(f"{x},{y}" for x, y in points)
    (x0, y0), (x, y) = points[-2:]
    if x == x0:
        step = 6 if y > y0 else -6
        head = f"M{x - 4},{y - step} L{x},{y} L{x + 4},{y - step}"
    else:
        step = 6 if x > x0 else -6
        head = f"M{x - step},{y - 4} L{x},{y} L{x - step},{y + 4}"
    return (
        f'<polyline points="{path}" fill="none" stroke="currentColor"/>'
        f'<path d="{head}" fill="none" stroke="currentColor"/>'
    )


def step():
    """A training step: the layer draws a plan, and the loss applies it."""
    return 330, [
        box(8, 8, 120, "inputs x"),
        box(212, 8, 120, "labels y"),
        arrow((68, 52), (68, 92)),
        box(8, 92, 120, "MixUp layer", "draws and mixes", height=52, strong=True),
        arrow((128, 118), (212, 118)),
        box(212, 92, 120, "plan", "partners and λ", height=52, dashed=True),
        arrow((68, 144), (68, 184)),
        text(76, 168, "mixed x̃", "start", font_size=12),
        box(8, 184, 120, "network"),
        arrow((68, 228), (68, 264)),
        text(76, 250, "predictions p", "start", font_size=12),
        box(8, 264, 324, "MixupLoss", FORMULA, height=58, strong=True),
        arrow((240, 144), (240, 264)),
        arrow((332, 30), (337, 30), (337, 250), (312, 250), (312, 264)),
    ]


def places():
    """Manifold Mixup: one of the places of a model mixes, drawn for each step."""
    parts, steps = [], ("step 1", "step 2", "step 3")
    layers = ("place 0", "hidden layer", "place 1", "hidden layer", "place 2")
    for row, name in enumerate(steps):
        x = 8 + 112 * row
        parts.append(text(x + 50, 18, name, font_weight="bold"))
        parts.append(text(x + 50, 40, "inputs", font_size=12))
        top = 50
        for layer in (*layers, "output"):
            parts.append(arrow((x + 50, top - 4), (x + 50, top + 10)))
            top += 10
            is_place = layer.startswith("place")
            mixes = layer == f"place {(2, 0, 1)[row]}"
            label = f"{layer}: mixes" if mixes else layer
            weight = {"font_weight": "bold"} if mixes else {}
            dash = ' stroke-dasharray="4 3"' if is_place and not mixes else ""
            width = 2.5 if mixes else 1
            parts.append(
                f'<rect x="{x}" y="{top}" width="100" height="28" rx="6" fill="none" '
                f'stroke="currentColor" stroke-width="{width}"{dash}/>'
            )
            parts.append(text(x + 50, top + 18, label, font_size=12, **weight))
            top += 32
    return top + 6, parts


def curves():
    """The three schedules, over 100 epochs."""
    given = (
        ("warmup(0.4, epochs=20)", "alpha", schedules.warmup(0.4, 20), 0.4),
        (
            "cooldown(0.4, epochs=100, last=20)",
            "alpha",
            schedules.cooldown(0.4, 100, 20),
            0.4,
        ),
        (
            "without_hesitation(epochs=100)",
            "prob",
            schedules.without_hesitation(100),
            1,
        ),
    )
    parts, top, epochs = [], 24, 100
    left, right, height = 48, WIDTH - 12, 64
    for title, parameter, schedule, most in given:
        bottom = top + height + 12
        parts.append(text(left, top - 6, title, "start", font_weight="bold"))
        parts.append(
            f'<polyline points="{left},{top + 6} {left},{bottom} {right},{bottom}" '
            'fill="none" stroke="currentColor" stroke-opacity="0.5"/>'
        )
        for value in (0, most):
            y = bottom - height * value / most
            parts.append(text(left - 6, y + 4, value, "end", font_size=12))
        parts.append(text(8, (top + bottom) / 2 + 4, parameter, "start", font_size=12))
        points = []
        for epoch in range(epochs):
            y = round(bottom - height * schedule(epoch) / most, 1)
            for edge in (epoch, epoch + 1):
                x = round(left + (right - left) * edge / epochs, 1)
                points.append(f"{x},{y}")
        parts.append(
            f'<polyline points="{" ".join(points)}" fill="none" '
            'stroke="currentColor" stroke-width="2"/>'
        )
        for epoch in (0, 50, 100):
            x = left + (right - left) * epoch / epochs
            anchor = {0: "start", 50: "middle", 100: "end"}[epoch]
            label = f"epoch {epoch}" if epoch == 0 else epoch
            parts.append(text(x, bottom + 15, label, anchor, font_size=12))
        top = bottom + 46
    return top - 24, parts


DIAGRAMS = {"step": step, "places": places, "schedules": curves}


def drawn(name):
    """The text of an SVG file."""
    height, parts = DIAGRAMS[name]()
    frame = FRAME.format(width=WIDTH, height=height)
    return "\n".join([frame, STYLE, *parts, "</svg>", ""])


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name in DIAGRAMS:
        (FOLDER / f"{name}.svg").write_text(drawn(name), "utf-8")
