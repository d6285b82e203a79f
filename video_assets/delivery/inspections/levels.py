"""Is it as loud as platforms play it, and does nothing clip."""

from video_assets.delivery.inspections.case import Case, Outcome
from video_assets.finishing import formats
from video_assets.foundation.records import Finding


def is_as_loud_as_planned(case: Case) -> Outcome:
    """-14 ±0.5 LUFS and at most -1 dBTP on the encoded file, or silent where that was planned."""
    name = "is_as_loud_as_planned"
    loudness, peak = case.film.loudness, case.film.peak
    figures = {"loudness_lufs": loudness, "peak_dbtp": peak}
    if case.silent:
        if loudness <= -70.0:
            return Outcome(figures, note="silence was planned")
        what = f"sounds at {loudness} LUFS, planned was silence"
        return Outcome(figures, (Finding(name, what, str(loudness), "-70"),))
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
