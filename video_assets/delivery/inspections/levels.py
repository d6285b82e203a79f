"""Is it as loud as platforms play it, and does nothing clip."""

from video_assets.delivery.inspections import sounding
from video_assets.delivery.inspections.case import Case, Outcome
from video_assets.finishing import formats
from video_assets.foundation.records import Finding

SILENT = -70.0
"""LUFS of a file in which nothing sounds."""


def is_as_loud_as_planned(case: Case) -> Outcome:
    """-14 ±0.5 LUFS and at most -1 dBTP on the encoded file; silent where nothing that its
    timeline cites can be heard, and nowhere else (CRAFT 8 row 8).

    The meter says both to 0.1: -0.96 dBTP reads -1.0.
    """
    name = "is_as_loud_as_planned"
    loudness, peak = case.film.loudness, case.film.peak
    figures = {"loudness_lufs": loudness, "peak_dbtp": peak}
    sounds = sounding.sounds(case)
    if loudness <= SILENT and not sounds:
        return Outcome(figures, note="silence was planned")
    if sounds is False:
        what = f"sounds at {loudness} LUFS, planned was silence"
        return Outcome(figures, (Finding(name, what, str(loudness), f"{SILENT:.0f}"),))
    found = []
    target = formats.TARGET_LOUDNESS
    if abs(loudness - target) > formats.LOUDNESS_TOLERANCE:
        limit = f"{target} ±{formats.LOUDNESS_TOLERANCE}"
        found.append(
            Finding(name, f"loudness is {loudness} LUFS, expected {limit}", str(loudness), limit)
        )
    if peak > formats.MAX_PEAK:
        what = f"true peak is {peak} dBTP, at most {formats.MAX_PEAK} is allowed"
        found.append(Finding(name, what, str(peak), str(formats.MAX_PEAK)))
    return Outcome(figures, tuple(found))
