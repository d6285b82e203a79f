"""The cutdowns of a project are scored by the command, as they were stored."""

import json
import re
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from typer.testing import CliRunner

from video_assets.cli import app
from video_assets.editorial.timeline import to_otio
from video_assets.foundation.records import (
    FootageRow,
    Idea,
    Line,
    Shot,
    Word,
    to_plain,
    write_records,
)
from video_assets.foundation.store import Project, Workspace, digest_of
from video_assets.orchestration import scoring
from video_assets.orchestration.assets.editorial import timelines_of
from video_assets.orchestration.cases import asked_cuts, rows_of, stored_cases
from video_assets.orchestration.scoring import score_project
from video_assets.orchestration.status import cutdowns_of
from video_assets_tests.delivery.short_cut import BLIND, BOTH
from video_assets_tests.finishing import making

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # Dagster's own handles


@pytest.fixture(scope="module")
def project(short, tmp_path_factory) -> Project:
    """The clean cutdown as a run would have left it, and an idea that came to nothing."""
    root = tmp_path_factory.mktemp("stored")
    _, found = making.project(root, short.folder / "footage")
    (found.root / "brief.yaml").write_text(
        "title: Test\ndurations: [6, 15]\naspects: [9x16, 16x9]\nallow: {downgrade: true}\n"
    )
    for name in ("library", "editorial"):
        found.path(name).mkdir()
    rows = list(short.rows.values())
    for name, kind, own in (
        ("footage", FootageRow, rows), ("words", Word, []), ("lines", Line, []), ("shots", Shot, []),
    ):  # fmt: skip
        write_records(found.path(f"library/{name}.parquet"), kind, own)
    idea = Idea("r1-01", "r1", "montage", "A test", "", 0.0, Fraction(2), (), "", "")
    entry = {"round": "r1", "claims": "", "ideas": [to_plain(idea)]}
    entry["refused"] = [{"duration": 15, "why": "too little footage for 15 s"}]
    unborn = {**entry, "round": "r2", "ideas": [to_plain(replace(idea, cut_id="r2-01"))]}
    found.path("editorial/ideas.json").write_text(json.dumps({"rounds": [entry, unborn]}))
    with found.leased():
        otio = to_otio(short.timeline, rows, short.folder / "footage")
        name = "editorial/timelines/r1-01.otio"
        found.make("timelines", "1", {}, lambda draft: draft.text(name, otio))
        for aspect in BOTH:
            store(found, short.case(aspect))
    return found


def store(project, case):
    """Writes a case's files where a run would."""

    def write(draft):
        base = f"delivery/r1-01/{case.aspect}"
        draft.path(f"{base}.mp4").write_bytes(case.file.read_bytes())
        for kind in ("srt", "vtt", "otio"):
            draft.text(f"{base}.{kind}", getattr(case.texts, kind))
        digest = case.film.sha256
        draft.json(f"{base}.verdict.json", {"passed": True, "sha256": digest, "gates": {}})
        facts = {"cut_id": "r1-01", "aspect": case.aspect, "silent": case.silent, "sha256": digest}
        draft.facts.update(facts)

    (line,) = timelines_of(project)
    project.make(f"artefacts/r1-01/{case.aspect}", "1", {"timeline": digest_of(line)}, write)


def test_stored_cutdowns_are_the_cases_they_were(short, project):
    found = list(stored_cases(project))
    assert [(cut, aspect, why) for cut, aspect, _, why in found] == [
        ("r1-01", "9x16", ""), ("r1-01", "16x9", ""),
    ]  # fmt: skip
    for _, aspect, case, _ in found:
        was = short.case(aspect)
        assert case.timeline == was.timeline
        assert (case.size, case.crops, case.silent) == (was.size, was.crops, was.silent)
        assert case.upscale == pytest.approx(was.upscale)
        assert case.texts == was.texts
        assert case.film.sha256 == was.film.sha256
    assert found[0][2].sources is found[1][2].sources  # six aspects look at a source once
    asked = asked_cuts(project)  # nothing of the second round was rendered: nobody asked for it
    assert asked == {"r1-01": "", "r1 15 s": "too little footage for 15 s"}


def score(project, *arguments):
    """`video-assets score test`."""
    data = project.workspace.root
    typed = ["score", "test", "--data", str(data), *map(str, arguments)]
    return CliRunner().invoke(app, typed, env={"COLUMNS": "200"})


def test_the_command_tells_every_measure_and_the_headline(project, few):
    done = score(project)
    assert done.exit_code == 0, done.output
    for measure in BLIND:
        assert re.search(rf"{measure.name} .* 2 of 2 ", done.stdout)
    assert "not judged: r1 15 s 9x16 (too little footage for 15 s)" in done.stdout
    assert "can go out today: 2 of 4 requested cutdowns (50%)" in done.stdout
    assert "publishable: 2 of 4 requested cutdowns (50%)" in done.stdout
    assert "against the truth: not measured" in done.stdout
    assert (project.root / "score" / "index.html").is_file()


def test_the_command_takes_a_truth_and_another_folder(project, few, tmp_path):
    (row, *_) = rows_of(project).values()
    clip = {"path": row.path, "kind": "broll", "camera": "A", "setup": "", "moment": ""}
    clip["duration"] = float(row.duration)
    truth = {"version": 2, "seed": 7, "size": "tiny", "clips": [clip]}
    (tmp_path / "truth.json").write_text(json.dumps(truth))
    done = score(project, "--truth", tmp_path / "truth.json", "--out", tmp_path / "out", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["publishable"], told["requested"], told["with_truth"]) == (2, 4, True)
    assert Path(told["files"][2]) == tmp_path / "out" / "index.html"
    for wrong, why in (({"duration": 99.0}, "another length"), ({"path": "x.mp4"}, "none of its")):
        other = {**truth, "clips": [{**clip, **wrong}]}
        (tmp_path / "truth.json").write_text(json.dumps(other))
        done = score(project, "--truth", tmp_path / "truth.json")
        assert done.exit_code == 1 and "of another library" in done.stderr and why in done.stderr
    (tmp_path / "truth.json").write_text("{}")
    done = score(project, "--truth", tmp_path / "truth.json")
    assert done.exit_code == 1
    assert "is no truth.json of a library" in done.stderr and "it says no version" in done.stderr
    done = score(project, "--truth", tmp_path / "none.json")
    assert done.exit_code == 1 and "is no file" in done.stderr
    (tmp_path / "file").write_text("")
    done = score(project, "--out", tmp_path / "file")
    assert done.exit_code == 1 and "cannot be used as a folder" in done.stderr


def test_a_damaged_file_is_named_with_what_to_do(project):
    (file,) = project.root.glob("delivery/*/9x16.mp4")
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    try:
        done = score(project)
    finally:
        file.write_bytes(whole)
    assert done.exit_code == 0, done.output
    assert f"delivery/{file.parent.name}/9x16.mp4 does not play to its end; make it" in done.stdout
    text = (project.root / "score" / "index.html").read_text()
    assert "does not play: run again" in text and "could not run: the file" not in text


def test_a_stored_cutdown_that_is_damaged_is_not_publishable(project, few):
    text, film = (project.path(f"delivery/r1-01/{n}") for n in ("9x16.otio", "16x9.mp4"))
    before = text.read_text(), film.read_bytes()
    try:
        text.write_text("{}")
        film.unlink()
        found = score_project(project)
        assert (found.publishable, found.requested) == (0, 4)
        assert [c.why.partition(";")[0] for c in found.cutdowns[:2]] == [
            "delivery/r1-01/9x16.otio is not the file that was made",
            "delivery/r1-01/16x9.mp4 is not there",
        ]
    finally:
        text.write_text(before[0])
        film.write_bytes(before[1])


def test_a_project_without_cutdowns_says_what_to_do(tmp_path, short):
    workspace, _ = making.project(tmp_path, short.folder / "footage")
    done = CliRunner().invoke(app, ["score", "test", "--data", str(workspace.root)])
    assert done.exit_code == 1
    assert done.stderr == (
        "video-assets: project test has no cutdown to score yet: video-assets run test\n"
    )
    done = CliRunner().invoke(app, ["score", "other", "--data", str(Workspace(tmp_path).root)])
    assert done.exit_code == 1
    assert "there is no project 'other'" in done.stderr


@contextmanager
def moved(path):
    """A file or folder is away for a while."""
    away = path.with_name(f"{path.name}-away")
    path.rename(away)
    try:
        yield
    finally:
        away.rename(path)


def test_without_its_footage_or_brief_nothing_is_judged(project, few, monkeypatch):
    kept = project.root / "score" / "score.json"
    kept.parent.mkdir(exist_ok=True)
    kept.write_text("as it was")
    (line,) = timelines_of(project)
    used = line.picture[0].path
    with moved(project.footage_root):
        done = score(project)
    assert done.exit_code == 1 and "judged beside their footage" in done.stderr
    monkeypatch.setattr(scoring, "footage_offline", lambda project: "")  # one of many is missing
    with moved(project.footage_root / used):
        done = score(project)
    assert done.exit_code == 1 and f"their footage, and {used} is not in" in done.stderr
    with moved(project.root / "brief.yaml"):
        done = score(project)
    assert done.exit_code == 1 and done.stderr.count("brief.yaml") == 1
    assert kept.read_text() == "as it was"


@pytest.mark.parametrize("spoilt", ["gone", "no JSON", "other bytes", "shut", "captions"])
def test_what_is_not_publishable_does_not_go_out_today(project, few, spoilt):
    file = project.path("delivery/r1-01/9x16.verdict.json")
    if spoilt == "captions":
        file = project.path("delivery/r1-01/9x16.vtt")
    was = file.read_bytes()
    verdict = json.loads(was) if spoilt in ("other bytes", "shut") else {}
    try:
        if spoilt == "gone":
            file.unlink()
        elif spoilt == "other bytes":
            file.write_text(json.dumps({**verdict, "sha256": "0"}))
        elif spoilt == "shut":
            gates = {"plays_cleanly": [{"what": "it does not play"}]}
            file.write_text(json.dumps({**verdict, "passed": False, "gates": gates}))
        else:
            file.write_bytes(b"\xff{")
        done = score(project)
        (one, other) = [c for c in cutdowns_of(project) if c["cut_id"] == "r1-01"]
    finally:
        file.write_bytes(was)
    told = {
        "gone": "without verdict: delivery/r1-01/9x16.verdict.json cannot be read",
        "no JSON": "without verdict: delivery/r1-01/9x16.verdict.json cannot be read",
        "other bytes": "without verdict: delivery/r1-01/9x16.verdict.json is for other bytes",
        "shut": "it does not play",
        "captions": "delivery/r1-01/9x16.vtt",
    }[spoilt]
    assert re.search(f"(set aside|not judged): r1-01 9x16.*{re.escape(told)}", done.stdout)
    assert "can go out today: 1 of 4" in done.stdout
    assert not one["passed"] and other["passed"]
    assert told.rpartition(": ")[2] in one["why"]
