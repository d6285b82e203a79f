"""Reading report files: what is good becomes rows, what is not says where and why."""

import json

import pandas as pd
import pytest

from video_assets.foundation.errors import Code
from video_assets.performance import parsing, reported
from video_assets.performance.reported import read_reports
from video_assets.performance.tables import DEAD, REPORTED

LONG = "platform,post_id,metric,window_start,source_time,value\n"
WIDE = "platform,post_id,window_start,source_time,views,likes\n"
ROW = "tiktok,7,views,2026-11-02,2026-11-09T06:00:00Z,412\n"


def read(tmp_path, text, name="week.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    good, dead = read_reports([path])
    assert list(good.columns) == list(REPORTED)
    assert list(dead.columns) == list(DEAD)
    return good, dead


def lines(dead):
    return [(row.line, row.what) for row in dead.itertuples()]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(LONG + ROW, id="comma"),
        pytest.param((LONG + ROW).replace(",", ";"), id="semicolon"),
        pytest.param((LONG + ROW).replace(",", "\t"), id="tab"),
        pytest.param(b"\xef\xbb\xbf" + (LONG + ROW).encode(), id="bom"),
        pytest.param((LONG + ROW).replace("\n", "\r\n"), id="windows lines"),
        pytest.param(LONG + ROW.rstrip("\n"), id="no last newline"),
        pytest.param(
            LONG.replace("post_id", "Post ID").replace("window_start", "Window start") + ROW,
            id="names with spaces",
        ),
        pytest.param(LONG + ROW.replace("tiktok", '" TikTok "'), id="quotes"),
        pytest.param(
            "platform,post_id,window_start,source_time,views,note\n"
            "tiktok,7,2026-11-02,2026-11-09T06:00:00Z,412,a good day\n",
            id="wide",
        ),
    ],
)
def test_every_kind_of_csv_says_the_same(tmp_path, text):
    good, dead = read(tmp_path, text)
    assert dead.empty
    (row,) = good.itertuples(index=False)
    assert tuple(row) == (
        "tiktok",
        "7",
        "",
        "",
        "views",
        pd.Timestamp("2026-11-02", tz="UTC"),
        pd.Timestamp("2026-11-09T06:00", tz="UTC"),
        412.0,
    )


OBJECT = {
    "platform": "tiktok",
    "post_id": 7,
    "window_start": "2026-11-02",
    "views": 412,
    "watch_rate": 0.5,
    "likes": None,
}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", json.dumps([OBJECT, OBJECT | {"post_id": "8"}])),
        ("a.json", json.dumps({"rows": [OBJECT, OBJECT | {"post_id": "8"}]}, indent=1)),
        ("a.jsonl", json.dumps(OBJECT) + "\n\n" + json.dumps(OBJECT | {"post_id": "8"})),
        ("a.json", "\ufeff" + json.dumps(OBJECT) + "\n" + json.dumps(OBJECT | {"post_id": "8"})),
    ],
)
def test_every_kind_of_json_says_the_same(tmp_path, name, text):
    good, dead = read(tmp_path, text, name)
    assert dead.empty
    found = sorted(good[["post_id", "metric", "value"]].itertuples(index=False, name=None))
    assert found == [
        ("7", "views", 412.0),
        ("7", "watch_rate", 0.5),
        ("8", "views", 412.0),
        ("8", "watch_rate", 0.5),
    ]
    assert (good["source_time"] == good["window_start"]).all()  # no source_time was given


def test_a_cut_and_aspect_name_a_post_too(tmp_path):
    text = "platform,cut_id,aspect,window_start,views\nfolder,r1-02,9:16,2026-11-02,5\n"
    good, dead = read(tmp_path, text)
    assert dead.empty
    assert good[["post_id", "cut_id", "aspect"]].values.tolist() == [["", "r1-02", "9x16"]]


BAD = [
    ("tiktok,7,views,2026-11-02,2026-11-09,n/a", "value is no number: 'n/a'"),
    ("tiktok,7,views,2026-11-02,2026-11-09,", "value is no number"),
    ("tiktok,7,views,2026-11-02,2026-11-09,nan", "value is no number: 'nan'"),
    ("tiktok,7,views,2026-11-02,2026-11-09,inf", "value is no number: 'inf'"),
    ("tiktok,7,views,2026-11-02,2026-11-09,1e999", "value is no number: '1e999'"),
    ("tiktok,7,views,2026-11-02,2026-11-09,1e99", "a number over 1e+12: '1e99'"),
    ("tiktok,7,views,2026-11-02,2026-11-09,=1+1", "value is no number: '=1+1'"),
    ('tiktok,7,views,2026-11-02,2026-11-09,"1,234"', "value is no number: '1,234'"),
    ("tiktok,7,views,2026-02-30,2026-11-09,1", "window_start is no time: '2026-02-30'"),
    ("tiktok,7,views,yesterday,2026-11-09,1", "window_start is no time: 'yesterday'"),
    ("tiktok,7,views,1970-01-01,2026-11-09,1", "window_start is no time: '1970-01-01'"),
    ("tiktok,7,views,,2026-11-09,1", "window_start is no time"),
    ("tiktok,7,views,2026-11-02,soon,1", "source_time is no time: 'soon'"),
    ("tiktok,7,=cmd(),2026-11-02,2026-11-09,1", "metric is no name: '=cmd()'"),
    (",7,views,2026-11-02,2026-11-09,1", "no platform"),
    ("tiktok,,views,2026-11-02,2026-11-09,1", "no post is named"),
    ("tiktok,1.78E+16,views,2026-11-02,2026-11-09,1", "a spreadsheet rounded the id: '1.78E+16'"),
    ("tiktok,7,views,2026-11-02,2026-11-09", "5 cells, 6 columns are named"),
    ("tiktok,7,views,2026-11-02,2026-11-09,1,2", "7 cells, 6 columns are named"),
    (f"tiktok,{'7' * 201},views,2026-11-02,2026-11-09,1", None),
]


def test_bad_rows_are_named_by_line_and_stop_no_good_one(tmp_path):
    text = LONG
    for number, (row, _) in enumerate(BAD):
        text += f"tiktok,good{number},views,2026-11-02,2026-11-09,{number}\n{row}\n"
    good, dead = read(tmp_path, text + "\n,,,,,\n")
    assert good["value"].tolist() == list(range(len(BAD)))
    assert [line for line, _ in lines(dead)] == [3 + 2 * n for n in range(len(BAD))]
    for (_, what), (_, expected) in zip(lines(dead), BAD, strict=True):
        assert expected is None or what == expected
    assert set(dead["code"]) == {2007}
    assert set(dead["family"]) == {"MALFORMED"}
    assert set(dead["file"]) == {"week.csv"}
    assert (dead["do"] != "").all()


def test_one_bad_cell_of_a_wide_row_leaves_the_others(tmp_path):
    text = (
        WIDE + "tiktok,7,2026-11-02,,12,3\ntiktok,8,2026-11-02,,many,4\ntiktok,9,2026-11-02,,,5\n"
    )
    good, dead = read(tmp_path, text)
    found = sorted(good[["post_id", "metric", "value"]].itertuples(index=False, name=None))
    assert found == [("7", "likes", 3), ("7", "views", 12), ("8", "likes", 4), ("9", "likes", 5)]
    assert lines(dead) == [(3, "views is no number: 'many'")]


def test_negative_numbers_stay_numbers(tmp_path):
    good, _ = read(tmp_path, LONG + ROW.replace("412", "-3.5") + ROW.replace("412", "-0"))
    assert good["value"].tolist() == [-3.5, 0.0]
    assert str(good["value"][1]) == "0.0"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-11-02", "2026-11-02T00:00:00Z"),
        ("2026-11-02T10:30", "2026-11-02T10:30:00Z"),
        ("2026-11-02 10:30:05", "2026-11-02T10:30:05Z"),
        ("2026-11-02T10:30:05.25Z", "2026-11-02T10:30:05.25Z"),
        ("2026-11-02T10:30:00+02:00", "2026-11-02T08:30:00Z"),
        ("2026-11-02T10:30:00-0500", "2026-11-02T15:30:00Z"),
    ],
)
def test_times_are_utc_unless_they_say_otherwise(tmp_path, written, meant):
    good, dead = read(tmp_path, LONG + ROW.replace("2026-11-02", written))
    assert dead.empty
    assert good["window_start"][0] == pd.Timestamp(meant)


def test_a_caption_over_several_lines_is_one_cell(tmp_path):
    text = (
        LONG.replace("value", "value,caption")
        + ROW.strip()
        + ',"two\nlines"\n'
        + (ROW.strip().replace("412", "x") + ",one\n")
    )
    good, dead = read(tmp_path, text)
    assert good["value"].tolist() == [412.0]
    assert lines(dead) == [(3, "value is no number: 'x'")]


@pytest.mark.parametrize("end", ["", '"\n'])
def test_a_stray_quotation_mark_swallows_no_good_row(tmp_path, end):
    text = LONG + ROW + ROW.replace("tiktok", '"tiktok') + ROW.replace("7", "8") * 2 + end
    good, dead = read(tmp_path, text)
    assert good["post_id"].tolist() == ["7", "7", "8", "8"]
    assert len(dead) == bool(end)


def test_bytes_that_are_no_text_cost_their_row_only(tmp_path):
    data = (LONG + ROW).encode() + ROW.encode().replace(b"412", b"\xff") + ROW.encode()
    good, dead = read(tmp_path, data)
    assert len(good) == 2
    assert [line for line, _ in lines(dead)] == [3]


@pytest.mark.parametrize(
    ("name", "data", "code", "what"),
    [
        ("a.xlsx", b"PK", Code.SCHEMA, ".xlsx is neither CSV nor JSON"),
        ("a.csv", b"", Code.ZERO_BYTE, "it is empty"),
        ("a.csv", b"\xff\xfep\0", Code.SCHEMA, "it is UTF-16"),
        ("a.csv", b"platform,post_id\n\0\0", Code.SCHEMA, "it is no text (it holds zero bytes)"),
        ("a.csv", b"a,b\n1,2\n", Code.SCHEMA, "no column platform, window_start, post_id (or cut_id and aspect)"),
        ("a.csv", b"platform,platform\n", Code.SCHEMA, "column 'platform' is there twice"),
        ("a.csv", (LONG.replace("value", "note") + ROW).encode(), Code.SCHEMA, "no column value"),
        ("a.csv", b"platform,post_id,window_start,note\nx,1,2026-11-02,a\n", Code.SCHEMA, "no column holds numbers"),
        ("a.csv", ",".join(f"c{n}" for n in range(201)).encode(), Code.MEMORY, "201 columns; at most 200 are read"),
        ("a.csv", LONG.encode() + b"x" * (3 << 20), Code.MEMORY, "a line of it is longer than 1 MB"),
        ("a.jsonl", b'{"a":' + b"1" * (3 << 20), Code.MEMORY, None),
        ("a.json", b'[{"platform": ', Code.SCHEMA, None),
        ("a.json", b"[" * 100_000, Code.SCHEMA, None),
        ("a.json", b'"text"', Code.SCHEMA, "it is neither a list of objects nor JSON lines"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_one_dead_letter(tmp_path, name, data, code, what):
    good, dead = read(tmp_path, data, name)
    assert good.empty
    assert len(dead) == 1
    assert dead["line"][0] == 0
    if name != "a.jsonl":
        assert dead["code"][0] == code
    assert what is None or dead["what"][0] == what


def test_limits_are_refused_and_not_half_read(tmp_path, monkeypatch):
    monkeypatch.setattr(parsing, "FILE_LIMIT", 50)
    good, dead = read(tmp_path, LONG + ROW)
    assert (len(good), dead["code"].tolist()) == (0, [4004])
    monkeypatch.undo()
    monkeypatch.setattr(parsing, "DOCUMENT_LIMIT", 20)
    good, dead = read(tmp_path, json.dumps([OBJECT]), "a.json")
    assert (len(good), dead["code"].tolist()) == (0, [4004])
    monkeypatch.undo()
    monkeypatch.setattr(reported, "VALUE_LIMIT", 3)
    good, dead = read(tmp_path, LONG + ROW * 4)
    assert (len(good), dead["code"].tolist()) == (0, [4004])
    monkeypatch.undo()
    monkeypatch.setattr(reported, "DEAD_LIMIT", 2)
    good, dead = read(tmp_path, LONG + ROW.replace("412", "x") * 5 + ROW)
    assert len(good) == 1
    assert dead["rows"].tolist() == [1, 1, 3]


def test_objects_that_are_none_are_named_by_their_place(tmp_path):
    text = json.dumps([OBJECT, 5, OBJECT | {"views": {"a": 1}}, OBJECT | {"views": True}])
    good, dead = read(tmp_path, text, "a.json")
    assert good["metric"].tolist() == ["views"] + ["watch_rate"] * 3
    assert [(line, what.split(":")[0]) for line, what in lines(dead)] == [
        (2, "not an object"),
        (3, "views is no number"),
        (4, "views is no number"),
    ]
    good, dead = read(tmp_path, json.dumps(OBJECT) + "\n{broken\n", "a.jsonl")
    assert len(good) == 2
    assert [line for line, _ in lines(dead)] == [2]


def test_links_are_not_followed(tmp_path):
    secret = tmp_path / "elsewhere.csv"
    secret.write_text(LONG + ROW)
    link = tmp_path / "link.csv"
    link.symlink_to(secret)
    good, dead = read_reports([link])
    assert (len(good), dead["code"].tolist()) == (0, [5002])


def test_line_numbers_hold_across_blocks(tmp_path, monkeypatch):
    """Blocks of a few kB: bad rows on both sides of their joints keep their numbers."""
    monkeypatch.setattr(parsing, "BLOCK", 2000)
    monkeypatch.setattr(parsing, "LINES", 7)
    text, objects, expected = LONG, "", []
    for line in range(2, 502):
        kind = "x" if line % 7 == 0 else "short" if line % 11 == 0 else "good"
        value = {"x": "x", "short": "1", "good": str(line)}[kind]
        row = f"tiktok,{line},views,2026-11-02,2026-11-09,{value}"
        text += (row if kind != "short" else row.rpartition(",")[0]) + "\n"
        cells = dict(zip(LONG.strip().split(","), row.split(","), strict=True))
        objects += json.dumps([1] if kind == "short" else cells) + "\n"
        if kind != "good":
            expected.append(line)
    good, dead = read(tmp_path, text)
    assert sorted(dead["line"]) == expected
    assert (good["post_id"] == good["value"].astype(int).astype(str)).all()
    assert len(good) == 500 - len(expected)
    good, dead = read(tmp_path, objects, "a.jsonl")
    assert sorted(dead["line"] + 1) == expected
    assert len(good) == 500 - len(expected)
