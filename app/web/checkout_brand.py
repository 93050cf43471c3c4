"""The merchant's colour on the checkout, made readable.

A stylesheet of a few variables that depends on the accent alone, so it may be cached for ever. The
rule kept: text in the accent reaches 4.5:1 on every surface of the page, by day and by night,
whatever the merchant chose.
"""

import re

DEFAULT_ACCENT = "98481f"
_ACCENT = re.compile(r"#?([0-9a-fA-F]{6})")
_READABLE = 4.5
_LIGHTEST_SUNKEN = (0xF3, 0xEF, 0xE7)
_DARK_RAISED = (0x25, 0x20, 0x1B)
_WHITE = (255, 255, 255)
_BLACK = (0, 0, 0)

Colour = tuple[int, int, int]


def accent_of(brand: dict[str, object]) -> str:
    """Six hexadecimal digits from the merchant's settings; ours when there are none."""
    match = _ACCENT.fullmatch(str(brand.get("accent") or ""))
    return match.group(1).lower() if match else DEFAULT_ACCENT


def stylesheet(accent: str) -> str:
    """The variables for one accent; `accent` is what `accent_of` returned."""
    colour = _parse(accent)
    day = _toward(colour, _BLACK, on=_LIGHTEST_SUNKEN)
    night = _toward(colour, _WHITE, on=_DARK_RAISED)
    deep_day, deep_night = _mix(day, _BLACK, 20), _mix(night, _WHITE, 20)
    on_brand = _WHITE if contrast(_WHITE, colour) >= _READABLE else _BLACK
    return (
        ".checkout {\n"
        f"  --brand: #{accent};\n"
        f"  --on-brand: {_css(on_brand)};\n"
        "}\n"
        ":root {\n"
        f"  --copper: light-dark({_css(day)}, {_css(night)});\n"
        f"  --copper-deep: light-dark({_css(deep_day)}, {_css(deep_night)});\n"
        "}\n"
    )


def contrast(one: Colour, other: Colour) -> float:
    """WCAG's contrast ratio, 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Colour) -> float:
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (channel / 255 for channel in colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _toward(colour: Colour, goal: Colour, *, on: Colour) -> Colour:
    """The nearest shade on the way to `goal` that can be read on `on`."""
    shades = (_mix(colour, goal, percent) for percent in range(0, 101, 2))
    return next((shade for shade in shades if contrast(shade, on) >= _READABLE), goal)


def _mix(colour: Colour, other: Colour, percent: int) -> Colour:
    red, green, blue = (
        (mine * (100 - percent) + theirs * percent) // 100
        for mine, theirs in zip(colour, other, strict=True)
    )
    return (red, green, blue)


def _parse(accent: str) -> Colour:
    return (int(accent[0:2], 16), int(accent[2:4], 16), int(accent[4:6], 16))


def _css(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
