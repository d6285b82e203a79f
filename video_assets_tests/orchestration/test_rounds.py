"""What is published, approved or locked never changes; the next round comes when something was learned."""

import hashlib
import json
import shutil

import pytest

from video_assets.delivery.decisions import APPROVED, REJECTED
from video_assets.delivery.inspections import verdict, vetoes
from video_assets.foundation.errors import BriefError, ProjectError, StorageError, VideoAssetsError
from video_assets.foundation.store import Workspace, as_json, digest_of
from video_assets.orchestration import publishing, rounds, runs
from video_assets.orchestration.assets import delivery
from video_assets.orchestration.assets.editorial import ideas_of, open_ideas, timelines_of
from video_assets.orchestration.graph import BY_NAME
from video_assets.orchestration.projects import add_project
from video_assets.orchestration.status import status_of

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")
BRIEF = "title: Lake\ndurations: [6]\naspects: [1x1]\nkey_messages: [Blue water, Red door]\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory, small_library, small_clips):
    """A project with one cutdown of 6 s in 1:1."""
    folder = tmp_path_factory.mktemp("rounds")
    (folder / "brief.yaml").write_text(BRIEF)
    workspace = Workspace(folder / "data")
    small_clips(workspace.root)
    add_project(workspace, "a", small_library, folder / "brief.yaml", "lake")
    outcome = runs.run_project(workspace, workspace.project("a"), None, (), "")
    assert not outcome.stopped, outcome.failed
    return folder / "data"


@pytest.fixture
def project(tmp_path, made):
    shutil.copytree(made, tmp_path / "data")
    return Workspace(tmp_path / "data").project("a")


def run(project, to=None):
    outcome = runs.run_project(project.workspace, project, to, (), "")
    assert not outcome.stopped, outcome.failed
    return outcome


def bytes_of(project, *patterns):
    """Digest of every file of a round that people may have seen."""
    found = {}
    for pattern in patterns or ("delivery/r1-*/*", "editorial/timelines/r1-*"):
        for path in sorted(project.root.glob(pattern)):
            found[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
    assert found
    return found


def learn(project, effect=1.5):
    """Writes what numbers would have taught, as the asset does."""
    import pandas as pd

    from video_assets.performance.tables import LEARNINGS, shaped, write_table

    def write(draft):
        rows = shaped([("lake", "subject", "blue water", "views", effect, 12, 2)], LEARNINGS)
        assert isinstance(rows, pd.DataFrame)
        write_table(rows, draft.path("performance/learnings.parquet"), LEARNINGS)

    project.make(
        "learnings",
        BY_NAME["learnings"].version,
        BY_NAME["learnings"].all_inputs(project),
        write,
        again=True,
    )


def test_an_open_round_follows_the_brief(project):
    project.path("brief.yaml").write_text(BRIEF.replace("Lake", "Sea"))
    run(project, "timelines")
    assert [i.title for i in ideas_of(project)] == ["Sea"]
    assert open_ideas(project) == ideas_of(project)


def test_an_approved_round_stays_whatever_changes_upstream(project):
    publishing.decide(project, "r1-01", "1x1", APPROVED, "Ada")
    before = bytes_of(project)
    project.path("brief.yaml").write_text(BRIEF.replace("Lake", "Sea").replace("1x1", "1x1, 4x5"))
    (project.path("brand") / "brand.yaml").write_text("name: Other\n")
    first = run(project)
    after = bytes_of(project)
    assert {n: d for n, d in after.items() if n in before} == before
    new = set(after) - set(before)
    assert new and all(n.startswith("4x5") for n in new)
    assert "cutdowns/4x5" in first.made  # what was never made is made from the frozen timeline
    footage = project.root / "footage"
    shutil.copytree(project.footage_root, footage)
    (footage / "forest.mp4").rename(footage / "another.mp4")
    with open(footage / "night.mp4", "ab") as file:
        file.write(b"\0" * 64)  # another clip, by its digest
    project.path("project.yaml").write_text("brand: lake\nfootage: footage\n")
    assert {"footage", "shot_index"} <= set(run(project).made)
    assert bytes_of(project) == after
    assert {i.title for i in ideas_of(project)} == {"Lake"} and open_ideas(project) == []
    assert run(project).made == ()
    assert status_of(project)["rounds"] == [
        {"round": "r1", "ideas": 1, "frozen": ["approved r1-01 1x1"]}
    ]


def test_learning_makes_the_next_round_and_leaves_the_live_one(project):
    report = publishing.publish_project(project, by="Ada")
    assert [p.state for p in report.sent] == ["live"]
    before = bytes_of(project)
    run(project, "timelines")
    assert {i.round for i in ideas_of(project)} == {"r1"}  # publishing alone begins nothing
    learn(project)
    run(project)
    ideas = {i.cut_id: i for i in ideas_of(project)}
    assert set(ideas) == {"r1-01", "r2-01"}
    assert any("subject=blue water x1.50 views (n=12)" in told for told in ideas["r2-01"].learned)
    assert ideas["r2-01"].traits["subject"] == "blue water"
    assert bytes_of(project) == before
    assert project.path("delivery/r2-01/1x1.mp4").is_file()
    second = bytes_of(project, "delivery/r2-*/*")
    learn(project, 1.6)  # the open round follows what is learned next
    run(project)
    assert "x1.60" in " ".join({i.cut_id: i for i in ideas_of(project)}["r2-01"].learned)
    assert bytes_of(project) == before and set(bytes_of(project, "delivery/r2-*/*")) == set(second)


def test_the_next_round_on_request(project):
    with pytest.raises(ProjectError, match="still open"):
        rounds.ask_for_next(project)
    publishing.decide(project, "r1-01", "", APPROVED, "Ada")
    assert rounds.ask_for_next(project) == "r2"
    run(project, "timelines")
    assert [t.cut_id for t in timelines_of(project)] == ["r1-01", "r2-01"]
    first, second = (i.beats[0].text for i in ideas_of(project))
    assert first != second  # another message begins
    with pytest.raises(ProjectError, match="round r2"):
        rounds.ask_for_next(project)


def test_a_lock_freezes_and_its_removal_thaws(project):
    edits = project.path("edits.yaml")
    edits.write_text("version: 1\nlock: [{cut: r1-01}]\n")
    project.path("brief.yaml").write_text(BRIEF.replace("Lake", "Sea"))
    run(project)
    assert [i.title for i in ideas_of(project)] == ["Lake"]
    edits.write_text("version: 9\n")  # a mistake thaws nothing
    assert [s.name for s in rounds.sealed(project)] == ["r1"]
    with pytest.raises(BriefError, match="version"):
        rounds.settle(project)
    edits.write_text("version: 1\n")
    run(project)
    assert [i.title for i in ideas_of(project)] == ["Sea"]
    assert rounds.sealed(project) == []


def test_a_ban_moves_the_open_round_and_holds_a_frozen_cut_back(project):
    used = {c.path for c in timelines_of(project)[0].picture}
    banned = sorted(used)[0]
    publishing.decide(project, "r1-01", "", APPROVED, "Ada")
    project.path("edits.yaml").write_text(
        f"version: 1\nban: [{{clip: {banned}, why: not cleared}}]\n"
    )
    report = publishing.publish_project(project)
    assert report.sent == () and "bans (not cleared)" in report.refused[0].reason
    rounds.ask_for_next(project)
    run(project, "timelines")
    frozen, now = timelines_of(project)
    assert banned in {c.path for c in frozen.picture}
    assert banned not in {c.path for c in now.picture}


def test_only_what_passed_for_these_very_bytes_is_approved_or_sent(project):
    verdict = project.path("delivery/r1-01/1x1.verdict.json")
    good = verdict.read_text()
    bad = json.loads(good)
    bad["passed"] = False
    bad["gates"]["plays_cleanly"] = [{"measure": "plays_cleanly", "what": "a planted defect"}]
    verdict.write_text(as_json(bad))
    with pytest.raises(ProjectError, match="a planted defect"):
        publishing.decide(project, "r1-01", "1x1", APPROVED, "Ada")
    # publications materialised alone, over a failed cutdown, sends nothing
    outcome = runs.publish_in_dagster(project.workspace, project, "", False, "Ada")
    assert not outcome.stopped
    assert not project.path("delivery/published").exists()
    assert rounds.outbox_of(project).rows() == [] and rounds.sealed(project) == []
    verdict.write_text(good)
    with open(project.path("delivery/r1-01/1x1.mp4"), "ab") as file:
        file.write(b"x")  # other bytes than were judged
    with pytest.raises(ProjectError, match="other bytes"):
        publishing.decide(project, "r1-01", "1x1", APPROVED, "Ada")
    assert publishing.publish_project(project).sent == ()


def test_a_rejected_cutdown_is_not_sent_and_approval_can_be_required(project):
    publishing.decide(project, "r1-01", "1x1", REJECTED, "Ada", "too dark")
    (refused,) = publishing.publish_project(project).refused
    assert "reject" in refused.reason and "Ada" in refused.reason
    settings = project.path("project.yaml")
    settings.write_text(settings.read_text() + "approval: required\n")
    publishing.decide(project, "r1-01", "1x1", APPROVED, "Bea")
    (sent,) = publishing.publish_project(project).sent
    assert (sent.state, sent.by) == ("live", "Bea")
    assert publishing.publish_project(project).sent == ()  # once


def test_a_mistyped_key_opens_no_door(project):
    settings = project.path("project.yaml")
    settings.write_text(settings.read_text() + "aproval: required\n")
    with pytest.raises(ProjectError, match="did you mean 'approval'"):
        publishing.publish_project(project)
    (project.root.parent / "b").mkdir()
    (project.root.parent / "b" / "project.yaml").write_text("footage: [\n")
    settings.write_text(settings.read_text().replace("aproval", "approval"))
    code, out = typed(project, "status")
    assert code == 0 and "b/project.yaml, line 2: this is not YAML" in out and "a (lake)" in out
    project.path("edits.yaml").write_text("version: 1\nban: [{clip: nope.mp4}]\n")
    assert "edits.yaml bans nope.mp4, which is no clip of this project" in " ".join(
        run(project, "timelines").notes
    )
    project.path("edits.yaml").write_text("version: 1\nbann: []\n")
    assert "did you mean 'ban'" in status_of(project)["next"]


def test_approval_is_required_where_the_project_says_so(project):
    settings = project.path("project.yaml")
    settings.write_text(settings.read_text() + "approval: required\n")
    (refused,) = publishing.publish_project(project).refused
    assert "approve" in refused.reason
    settings.write_text(settings.read_text().replace("required", "sometimes"))
    with pytest.raises(ProjectError, match="not one of required, optional"):
        publishing.publish_project(project)


def test_a_frozen_file_comes_back_only_as_it_was(project, monkeypatch):
    publishing.publish_project(project, by="Ada")
    before = bytes_of(project)
    file = project.path("delivery/r1-01/1x1.mp4")
    file.unlink()
    run(project)
    assert bytes_of(project) == before
    file.unlink()
    (project.path("brand") / "brand.yaml").write_text("name: Other\ncolors: {primary: '#FF0000'}\n")
    outcome = runs.run_project(project.workspace, project, None, (), "")
    assert outcome.stopped and "is frozen and its file is damaged or gone" in str(outcome.failed)
    assert not file.exists()


def newer_measures(monkeypatch):
    """What a later release does: other measures, and a higher number for them."""
    version = verdict.VERDICT_VERSION + 1
    for module in (verdict, delivery):
        monkeypatch.setattr(module, "VERDICT_VERSION", version)
    return version


def test_newer_measures_judge_what_lies_there_and_make_nothing_again(project, monkeypatch):
    publishing.decide(project, "r1-01", "1x1", APPROVED, "Ada")
    before = bytes_of(project)
    notes = status_of(project)["cutdowns"]
    version = newer_measures(monkeypatch)
    monkeypatch.setattr(delivery, "_make_cut", lambda *a: pytest.fail("it was made again"))
    assert run(project).made  # frozen: judged, not made
    after = bytes_of(project)
    assert {n for n, d in after.items() if before[n] != d} == {"1x1.verdict.json"}
    assert publishing.verdict_of(project, "r1-01", "1x1")["version"] == version
    assert status_of(project)["cutdowns"] == notes
    assert run(project).made == ()
    assert [r.state for r in publishing.publish_project(project).sent] == ["live"]


def test_newer_measures_judge_an_open_round_without_a_render(project, monkeypatch):
    version = newer_measures(monkeypatch)
    monkeypatch.setattr(delivery, "_make_cut", lambda *a: pytest.fail("it was made again"))
    run(project)
    assert publishing.verdict_of(project, "r1-01", "1x1")["version"] == version
    assert run(project).made == ()


def test_what_only_measures_read_is_judged_without_a_render(project, monkeypatch):
    before = bytes_of(project)
    monkeypatch.setattr(delivery, "_make_cut", lambda *a: pytest.fail("it was made again"))
    monkeypatch.setattr(delivery, "_asked_part", lambda project: "something else")
    assert run(project).made
    assert run(project).made == ()
    monkeypatch.setattr(vetoes, "beyond_its_clips", lambda *a: "another library")
    assert run(project).made
    assert run(project).made == ()
    assert {n for n, d in bytes_of(project).items() if before[n] != d} <= {"1x1.verdict.json"}


def test_what_cannot_be_judged_again_keeps_its_verdict_and_is_not_sent(project, monkeypatch):
    publishing.decide(project, "r1-01", "1x1", APPROVED, "Ada")
    before = bytes_of(project)
    (project.path("brand") / "brand.yaml").write_text("name: Other\n")
    newer_measures(monkeypatch)
    monkeypatch.setattr(verdict, "GATES", (*verdict.GATES, "a_later_gate"))
    run(project)
    assert bytes_of(project) == before
    (refused,) = publishing.plan_project(project)
    assert refused.action == "refused" and "the brand that it was made of" in refused.reason


def test_a_damaged_seal_stops_everything_and_says_what_to_do(project):
    publishing.decide(project, "r1-01", "", APPROVED, "Ada")
    seal = project.path("editorial/rounds/r1.json")
    whole = seal.read_text()
    seal.write_text(whole.replace("Lake", "Sea"))
    with pytest.raises(StorageError, match="restore it"):
        rounds.sealed(project)
    seal.unlink()  # gone, and a timeline too: what people approved is not known any more
    timeline = project.path("editorial/timelines/r1-01.otio")
    text = timeline.read_text()
    timeline.unlink()
    project.path("brief.yaml").write_text(BRIEF.replace("Lake", "Sea"))
    outcome = runs.run_project(project.workspace, project, "timelines", (), "")
    assert outcome.stopped and "r1 is frozen (approved r1-01 1x1)" in str(outcome.failed)
    assert [i.title for i in ideas_of(project)] == ["Lake"]
    timeline.write_text(text)
    run(project, "timelines")  # it holds together again, so it is sealed again
    assert [s.name for s in rounds.sealed(project)] == ["r1"]
    assert [i.title for i in ideas_of(project)] == ["Lake"]


def test_a_lock_that_goes_takes_no_publication_with_it(project):
    edits = project.path("edits.yaml")
    edits.write_text("version: 1\nlock: [{cut: r1-01}, {cut: r9-01}]\n")
    assert "edits.yaml locks r9-01, which does not exist" in run(project, "timelines").notes
    assert rounds.sealed(project)[0].only_locked
    publishing.publish_project(project, by="Ada")
    before = bytes_of(project)
    with project.leased():
        assert not rounds.settle(project)[0].only_locked
    learn(project)
    edits.write_text("version: 1\n")
    project.path("brief.yaml").write_text(BRIEF.replace("Lake", "Sea"))
    run(project)
    assert bytes_of(project) == before
    assert [i.title for i in ideas_of(project)] == ["Lake", "Sea"]


def test_no_way_of_making_deletes_or_replaces_a_published_file(project):
    publishing.publish_project(project, by="Ada")
    before = bytes_of(project, "delivery/r1-*/*")
    record = project.path(".manifests/timelines.json")
    text = record.read_text()
    record.write_text(text[:100])  # the record of the timelines is cut short
    with project.leased(), pytest.raises(VideoAssetsError, match="not whole"):
        delivery.make_cutdowns(project, ["1x1"])
    BY_NAME["cutdowns/1x1"].run(project)
    assert bytes_of(project, "delivery/r1-*/*") == before
    assert any(
        "its timeline is gone" in p for p in delivery.every_cutdown_is_judged(project, "1x1")
    )
    record.write_text(text)
    project.path(".manifests/artefacts/r1-01/1x1.json").unlink()  # the record of the cutdown
    (project.path("brand") / "brand.yaml").write_text("name: Other\ncolors: {primary: '#FF0000'}\n")
    outcome = runs.run_project(project.workspace, project, None, (), "")
    assert outcome.stopped and "differs from it" in str(outcome.failed)
    assert bytes_of(project, "delivery/r1-*/*") == before


def test_an_aspect_of_an_older_timeline_is_not_frozen_with_the_round(project):
    project.path("brief.yaml").write_text(BRIEF.replace("Lake", "Sea").replace("1x1", "1x1, 4x5"))
    runs.run_project(project.workspace, project, None, ("4x5",), "")  # 1x1 is older now
    publishing.decide(project, "r1-01", "4x5", APPROVED, "Ada")
    assert set(rounds.sealed(project)[0].cutdowns) == {"r1-01/4x5"}
    assert "cutdowns/1x1" in run(project).made
    assert {p.candidate.aspect for p in publishing.plan_project(project) if p.action == "send"} == {
        "1x1",
        "4x5",
    }


def test_what_was_sent_must_stay_known(project):
    publishing.publish_project(project, by="Ada")
    project.path("delivery/outbox.sqlite").unlink()
    with pytest.raises(StorageError, match="could be sent twice"):
        publishing.publish_project(project, by="Ada")


def test_posts_that_do_not_arrive_are_a_failure_that_people_hear_of(project, tmp_path):
    settings = project.path("project.yaml")
    gone = tmp_path / "not" / "mounted"
    settings.write_text(
        settings.read_text() + f"channels: {{drop: {{kind: folder, to: {gone}}}}}\n"
    )
    quick = publishing.Backoff(sleep=lambda seconds: None)
    report = publishing.publish_project(project, by="Ada", pause=quick)
    assert [r.state for r in report.failed] == ["approved"] and report.sent == ()
    from video_assets.orchestration.assets.publishing import _not_arrived

    assert "did not arrive at drop" in _not_arrived(report.failed)
    gone.parent.mkdir()
    assert [p.state for p in publishing.publish_project(project, by="Ada", pause=quick).sent] == [
        "live"
    ]


def test_the_gates_find_a_frozen_round_that_changed(project):
    from video_assets.orchestration.assets import editorial

    publishing.decide(project, "r1-01", "", APPROVED, "Ada")
    for gate in (
        editorial.frozen_rounds_are_unchanged,
        editorial.frozen_takes_are_unchanged,
        editorial.frozen_timelines_are_unchanged,
    ):
        assert gate(project) == []
    assert delivery.every_cutdown_is_judged(project, "1x1") == []
    ideas = project.path(rounds.IDEAS)
    ideas.write_text(ideas.read_text().replace("Lake", "Sea"))
    assert "r1 differs" in editorial.frozen_rounds_are_unchanged(project)[0]
    timeline = project.path("editorial/timelines/r1-01.otio")
    timeline.write_text(timeline.read_text() + " ")
    assert "r1-01 differs" in editorial.frozen_timelines_are_unchanged(project)[0]
    from video_assets.foundation.records import Take, write_records

    write_records(project.path(rounds.TAKES), Take, [])
    assert "takes differ" in editorial.frozen_takes_are_unchanged(project)[0]
    verdict = project.path("delivery/r1-01/1x1.verdict.json")
    verdict.write_text(verdict.read_text().replace('"sha256": "', '"sha256": "0', 1))
    assert any("no longer the file" in p for p in delivery.every_cutdown_is_judged(project, "1x1"))


def test_a_downgrade_is_not_published_unless_the_brief_allows_it(project):
    manifest = project.manifest("transcripts")
    facts = {**manifest.facts, "downgrade": "pocketsphinx heard what whisperx was planned for"}
    path = project.path(".manifests/transcripts.json")
    plain = json.loads(path.read_text())
    path.write_text(as_json({**plain, "facts": facts}))
    run(project)
    (refused,) = publishing.publish_project(project).refused
    assert "pocketsphinx heard" in json.dumps(publishing.verdict_of(project, "r1-01", "1x1"))
    assert refused.candidate.verdict["passed"] is False
    project.path("brief.yaml").write_text(BRIEF + "allow: {downgrade: true}\n")
    plain = json.loads(path.read_text())
    run(project)
    assert publishing.publish_project(project).sent


def test_one_project_never_moves_another(project, small_library):
    """Numbers for A: A's metrics, learnings and next round move; B and what A published do not."""
    from video_assets.performance.inbox import import_files

    project.path("project.yaml").write_text(
        project.path("project.yaml").read_text() + "learnings: {samples: 1, cuts: 1}\n"
    )
    project.path("brief.yaml").write_text(BRIEF.replace("1x1", "1x1, 4x5"))
    run(project)
    other = Workspace(project.workspace.root)
    add_project(other, "b", small_library, project.path("brief.yaml"), "other brand")
    run(other.project("b"))
    publishing.publish_project(project, by="Ada")
    run(project)
    b = {
        p: digest_of(p.read_bytes().hex())
        for p in other.project("b").root.rglob("*")
        if p.is_file()
    }
    live = bytes_of(project)
    before = {n: (m.data_version if (m := project.manifest(n)) else "") for n in BY_NAME}
    rows = "platform,cut_id,aspect,window_start,source_time,views\n"
    rows += (
        "folder,r1-01,1x1,2026-11-09,2026-11-16,1000\nfolder,r1-01,4x5,2026-11-09,2026-11-16,100\n"
    )
    week = project.root.parent / "week.csv"
    week.write_text(rows)
    import_files(other, [week], "a")
    run(project, "learnings")
    run(project)
    run(other.project("b"))
    moved = {
        n for n in BY_NAME if project.manifest(n) and project.manifest(n).data_version != before[n]
    }
    assert moved == {
        "performance_metrics", "learnings", "ideas", "selected_takes", "timelines", "cutdowns/1x1",
        "cutdowns/4x5",
    }  # fmt: skip
    assert {i.round for i in ideas_of(project)} == {"r1", "r2"}
    assert bytes_of(project) == live
    now = {
        p: digest_of(p.read_bytes().hex())
        for p in other.project("b").root.rglob("*")
        if p.is_file()
    }
    assert now == b


def typed(project, *arguments):
    """What a command prints, and its exit code; --data is this project's."""
    from typer.testing import CliRunner

    from video_assets.cli import app

    done = CliRunner().invoke(app, [*arguments, "--data", str(project.workspace.root)])
    return done.exit_code, done.output


def test_what_a_person_types(project, tmp_path):
    code, out = typed(project, "publish", "a", "--dry-run", "--json")
    (planned,) = json.loads(out)["planned"]
    assert (
        code == 0
        and planned["action"] == "send"
        and not project.path("delivery/published").exists()
    )
    code, out = typed(project, "reject", "a", "r1-01", "--by", "Ada", "--note", "too dark")
    assert code == 0 and "r1-01 1x1: rejected by Ada" in out
    code, out = typed(project, "publish", "a")
    assert code == 1 and "refused" in out
    assert typed(project, "approve", "a", "r1-01", "--by", " ")[0] == 2
    assert typed(project, "approve", "a", "r1-01", "--by", "Ada", "--aspect", "7x3")[0] == 2
    code, out = typed(project, "approve", "a", "r9-01", "--by", "Ada")
    assert code == 1 and "there are r1-01" in out
    code, out = typed(project, "approve", "a", "r1-01", "--by", "Bea", "--aspect", "1:1")
    assert code == 0 and "round r1 is frozen" in out
    code, out = typed(project, "publish", "a", "--channel", "nowhere")
    assert code == 1 and "project.yaml names folder" in out
    code, out = typed(project, "publish", "a", "--by", "Cy")
    assert code == 0 and "live" in out
    (row,) = rounds.outbox_of(project).rows()
    assert (row.state, row.by) == ("live", "Bea")  # who approved it
    code, out = typed(project, "publish", "a", "--json")
    assert code == 0 and json.loads(out)["changed"] == []  # once
    week = tmp_path / "week.csv"
    week.write_text(
        "platform,post_id,window_start,views,likes\n"
        f"folder,{row.remote_id},2026-11-09,100,5\nfolder,nobody,2026-11-09,1,1\n"
    )
    code, out = typed(project, "metrics", "import", str(week))
    assert code == 0 and "a: 2 numbers" in out and "nobody" in out
    code, out = typed(project, "run", "a", "--to", "learnings", "--json")
    assert code == 0 and "performance_metrics" in json.loads(out)["made"]
    code, out = typed(project, "run", "a", "--next-round", "--to", "timelines")
    assert code == 0 and "timelines" in out
    code, out = typed(project, "status", "a")
    assert "round r1: 1 ideas, frozen (approved r1-01 1x1, published r1-01)" in " ".join(
        out.split()
    )
    assert "round r2: 1 ideas, open" in out
    code, out = typed(project, "forget", "a", "forest.mp4")
    assert code == 1 and "is still there" in out
