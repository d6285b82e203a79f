"""How different two colours look: CIE L*a*b* and CIEDE2000."""

from typing import Any


def linear(pictures: Any) -> Any:
    """Linear light, 0..1, float64, of sRGB values 0..255 (IEC 61966-2-1)."""
    import numpy as np

    value = np.asarray(pictures, np.float64) / 255.0
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def lab(pictures: Any) -> Any:
    """CIE L*a*b* (D65) of sRGB colours 0..255, float64, the same shape (last axis 3).

    IEC 61966-2-1 for the matrix.
    """
    import numpy as np

    line = linear(pictures)
    to_xyz = np.array(
        [
            [0.4124564, 0.3575761, 0.1804375],
            [0.2126729, 0.7151522, 0.0721750],
            [0.0193339, 0.1191920, 0.9503041],
        ]
    )
    xyz = line @ to_xyz.T / np.array([0.95047, 1.0, 1.08883])
    small = 6 / 29
    root = np.where(xyz > small**3, np.cbrt(xyz), xyz / (3 * small**2) + 4 / 29)
    x, y, z = root[..., 0], root[..., 1], root[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def ciede2000(one: Any, two: Any) -> Any:
    """dE00 of L*a*b* colours (last axis 3): 1 is just noticeable, 5 plainly another colour.

    Sharma, Wu, Dalal: The CIEDE2000 Color-Difference Formula (2005), with kL = kC = kH = 1.
    """
    import numpy as np

    one, two = np.asarray(one, np.float64), np.asarray(two, np.float64)
    l1, a1, b1 = one[..., 0], one[..., 1], one[..., 2]
    l2, a2, b2 = two[..., 0], two[..., 1], two[..., 2]
    chroma = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    stretch = 1.5 - 0.5 * np.sqrt(chroma**7 / (chroma**7 + 25.0**7))
    a1, a2 = a1 * stretch, a2 * stretch
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = (np.degrees(np.arctan2(b, a)) % 360 for a, b in ((a1, b1), (a2, b2)))
    grey = c1 * c2 == 0
    turn = (h2 - h1 + 180) % 360 - 180
    # opposite hues: the formula takes +180
    turn = np.where(turn == -180, np.where(h2 > h1, 180.0, -180.0), turn)
    turn = np.where(grey, 0.0, turn)
    light, colour = l2 - l1, c2 - c1
    hue = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn) / 2)
    mean_l, mean_c = (l1 + l2) / 2, (c1 + c2) / 2
    total = h1 + h2
    apart = np.abs(h1 - h2) > 180
    mean_h = np.where(grey, total, np.where(apart, (total + 360) % 720 / 2, total / 2))
    weight = (
        1
        - 0.17 * np.cos(np.radians(mean_h - 30))
        + 0.24 * np.cos(np.radians(2 * mean_h))
        + 0.32 * np.cos(np.radians(3 * mean_h + 6))
        - 0.20 * np.cos(np.radians(4 * mean_h - 63))
    )
    blue = 30 * np.exp(-(((mean_h - 275) / 25) ** 2))
    rotate = -2 * np.sqrt(mean_c**7 / (mean_c**7 + 25.0**7)) * np.sin(np.radians(2 * blue))
    middle = (mean_l - 50) ** 2
    dl = light / (1 + 0.015 * middle / np.sqrt(20 + middle))
    dc = colour / (1 + 0.045 * mean_c)
    dh = hue / (1 + 0.015 * mean_c * weight)
    return np.sqrt(np.maximum(dl**2 + dc**2 + dh**2 + rotate * dc * dh, 0))
