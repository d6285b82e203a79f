"""The page: everything relative, everything escaped, nothing loaded from elsewhere."""

import re
from fractions import Fraction
from html.parser import HTMLParser

from video_assets.delivery.platforms import fitting, platforms
from video_assets.delivery.review import Reviewed, page
from video_assets.finishing import formats
from video_assets.foundation.records import PictureCut, Timeline

EVIL = '"><script>alert(1)</script>&'


class Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.links = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [v for k, v in attrs if k in ("src", "href", "poster")]


def test_people_cannot_write_into_the_page():
    cut = PictureCut("V1", 0, 25, "a", "s", f"{EVIL}.mp4", Fraction(0), why=EVIL, terms={EVIL: 1.0})
    line = Timeline("r1-01", EVIL, Fraction(25), 25, (cut,), captions_note=EVIL, notes=(EVIL,))
    bad = {
        "passed": False,
        "gates": {"plays_cleanly": [{"what": EVIL, "at": EVIL}]},
        "findings": [],
        "measures": {},
    }
    shown = Reviewed(
        line,
        None,
        {a: f"r1-01/{a} 'x\".mp4" for a in formats.ASPECTS},
        {"1x1": "javascript:alert(1).jpg"},
        {"9x16": bad},
        [(EVIL, "//elsewhere/x.srt")],
        [EVIL],
    )
    text = page(EVIL, EVIL, [shown], [EVIL])
    reader = Reader()
    reader.feed(text)
    assert "script" not in reader.tags
    assert reader.tags.count("video") == 6
    assert all(re.match(r"\./|#", link) for link in reader.links), reader.links
    assert text.count('preload="none"') == 6
    assert "set aside" in text and "http" not in text
    assert page(EVIL, EVIL, [shown], [EVIL]) == text


def test_an_empty_project_says_so():
    assert "No cut was made" in page("p", "b", [])


def test_platform_rows_hold_together():
    rows = platforms()
    assert len(rows) == 10
    assert {a for p in rows.values() for a in p.aspects} == set(formats.ASPECTS)
    assert rows["youtube"].edit_list == "none" and rows["youtube"].audio_kbps == 384
    assert "facebook_reels" in fitting("9x16", 60) and "facebook_reels" not in fitting("9x16", 91)
