"""Jobs do what their names say, and the launchpad's settings change what a run does."""

import hashlib
import shutil
from pathlib import Path

import dagster as dg
import pytest
import yaml

import video_assets
from video_assets.definitions import build_defs
from video_assets.foundation.store import Workspace
from video_assets.orchestration.assets import library as assets
from video_assets.orchestration.assets.delivery import CUTDOWN_DEPS, CUTDOWN_STEPS
from video_assets.orchestration.assets.editorial import brief_of
from video_assets.orchestration.assets.factory import key_of, spec_of
from video_assets.orchestration.gates import gate
from video_assets.orchestration.graph import STEPS, upstream_of
from video_assets.orchestration.jobs import JOBS
from video_assets.orchestration.partitions import PROJECTS
from video_assets.orchestration.projects import add_project
from video_assets.orchestration.resources import Library
from video_assets.orchestration.runs import instance_of
from video_assets.orchestration.steps import ASPECTS
from video_assets_tests.orchestration.ticks import looked

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # Dagster's SQLite handles
CUTDOWNS = {f"cutdowns/{a}" for a in ASPECTS}


class Launchpad:
    """A project, Dagster's instance, and jobs started with settings as a person types them."""

    def __init__(self, workspace, instance, defs):
        self.workspace, self.instance, self.defs = workspace, instance, defs
        self.project = workspace.project("a")

    def ready(self):
        """The library is made, where no test before has made it."""
        if self.project.manifest("shot_tags") is None:
            assert self.start("library").success

    def start(self, job, assets=None, tags=None, **settings):
        """Runs a job of the definitions; its result."""
        config = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
        if settings:
            config["resources"] = {"library": {"config": settings}}
        done = self.defs.resolve_job_def(job).execute_in_process(
            run_config=config,
            instance=self.instance,
            partition_key="a",
            raise_on_error=False,
            tags=tags,
            asset_selection=[dg.AssetKey(n.split("/")) for n in assets] if assets else None,
        )
        for event in done.all_events:  # shown where a test fails
            if event.is_step_failure:
                data = event.step_failure_data
                print(event.step_key, data.user_failure_data, data.error.to_string()[:2000])
        return done

    def refusal(self, job, assets=None, **settings):
        """The text of the one step that failed; nothing else may have."""
        failed = [e for e in self.start(job, assets, **settings).all_events if e.is_step_failure]
        (text,) = {e.step_failure_data.user_failure_data.description for e in failed}
        assert "\n" not in text
        return text

    def analyses(self):
        """Clip folder to its inode: a new one was analysed again."""
        found = self.workspace.root.glob("clips/*/analysis-*")
        return {p.name: p.stat().st_ino for p in found}

    def digests(self):
        """Of every table of the library."""
        folder = self.project.path("library")
        return {
            p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in sorted(folder.rglob("*.parquet"))
        }


def made(result):
    """The assets that a run materialised."""
    return {e.asset_key.to_user_string() for e in result.get_asset_materialization_events()}


def judged(result):
    """Asset to whether all of its gates passed."""
    found = {}
    for check in result.get_asset_check_evaluations():
        name = check.asset_key.to_user_string()
        found[name] = found.get(name, True) and check.passed
    return found


@pytest.fixture(scope="module")
def pad(tmp_path_factory, small_library):
    folder = tmp_path_factory.mktemp("jobs")
    footage = folder / "footage"
    shutil.copytree(small_library, footage)
    (footage / "broken.mp4").unlink()
    brief = folder / "brief.yaml"
    brief.write_text("title: Lake\ndurations: [6]\naspects: [1x1, 9x16]\n")
    workspace = Workspace(folder / "data")
    add_project(workspace, "a", footage, brief, "")
    with instance_of(workspace.root) as instance:
        instance.add_dynamic_partitions("project", ["a"])
        yield Launchpad(workspace, instance, build_defs(Library(data=str(workspace.root))))


def test_jobs_select_what_their_names_say():
    repository = build_defs().get_repository_def()
    found = {}
    for job in JOBS:
        resolved = repository.get_job(job.name)
        keys = resolved.asset_layer.executable_asset_keys
        found[job.name] = {k.to_user_string() for k in keys}
        assert resolved.partitions_def is not None and resolved.description
        gated = {
            k.asset_key.to_user_string() for k in resolved.asset_layer.asset_graph.asset_check_keys
        }
        assert gated == found[job.name]  # every asset with its gates
    assert found["library"] == upstream_of("shot_tags")
    assert found["delivery"] == {
        *("brief", "processing_plan", "ideas", "selected_takes", "timelines"),
        *CUTDOWNS,
    }
    assert found["refresh"] == {s.name for s in STEPS} - {"publications"}
    assert found["publish"] == {"publications"}


def test_both_instances_have_the_same_settings(tmp_path):
    """The checkout's dagster.yaml, and the one that the command line writes into a data folder."""
    with instance_of(tmp_path) as instance:
        queue = instance.get_concurrency_config().run_queue_config
        assert [limit["key"] for limit in queue.tag_concurrency_limits] == ["dagster/partition"]
        assert instance.run_retries_enabled
    written = yaml.safe_load((tmp_path / ".dagster" / "dagster.yaml").read_text())
    text = (Path(video_assets.__file__).parents[1] / "dagster.yaml").read_text()
    home = str(tmp_path / ".dagster")
    assert yaml.safe_load(text.replace("data/.dagster", home)) == written


def test_nothing_must_be_filled_in():
    for name in ("library", "delivery", "refresh", "publish"):
        job = build_defs().resolve_job_def(name)
        assert dg.validate_run_config(job, {}) is not None
        settings = {
            "tier": "draft",
            "aspects": ["1x1"],
            "clips": "*",
            "force": True,
            "settle_s": 1.0,
        }
        assert dg.validate_run_config(job, {"resources": {"library": {"config": settings}}})


def test_only_the_named_clips_are_analysed_and_the_rest_waits(pad):
    result = pad.start("library", clips="lake/*")
    assert not result.success
    assert len(pad.analyses()) == 1
    shots = pad.project.manifest("shot_index")
    assert shots.facts["pending"] == 3
    (shut,) = (e for e in result.get_asset_check_evaluations() if not e.passed)
    assert shut.check_name == "shots_tile_their_clips"
    told = shut.metadata["problems"].value
    assert (
        told.startswith("- 3 of 4 clips wait") and "'lake/*'" in told and "without `clips`" in told
    )
    assert "frame_index" not in made(result)  # so ideas are held
    # another few: what is analysed already keeps its rows
    pad.start("library", clips="*.mp4", assets=["shot_index"])
    result = pad.start("library")
    assert result.success and "frame_index" in made(result)
    assert pad.project.manifest("shot_index").facts.get("pending") is None
    assert len(pad.analyses()) == 4
    assert len({s.clip_id for s in pad.project.read(assets.SHOTS, assets.Shot)}) == 4


def test_force_makes_the_same_again(pad):
    pad.ready()
    before, digests = pad.analyses(), pad.digests()
    assert made(pad.start("library")) == upstream_of("shot_tags")
    assert pad.analyses() == before  # unchanged: nothing was decoded
    result = pad.start("library", force=True, clips="lake/*")
    assert result.success
    after = pad.analyses()
    assert len({name for name in before if after[name] != before[name]}) == 1
    assert pad.digests() == digests
    folders = list(pad.workspace.root.glob("clips/*/*"))
    assert {p.name for p in folders} == set(before)  # nothing is left beside
    again = {
        e.asset_key.to_user_string(): e.materialization.metadata["unchanged"].value
        for e in result.get_asset_materialization_events()
    }
    assert not any(again.values())


def test_a_forced_run_decodes_once(pad, monkeypatch):
    from video_assets.library import analysing

    counted = []
    real = analysing.in_workers

    def counting(function, tasks, *others):
        counted.extend(task[2]["path"] for task in tasks)
        return real(function, tasks, *others)

    monkeypatch.setattr(analysing, "in_workers", counting)
    assert pad.start("library", ["shot_index", "soundtracks"], force=True, clips="night*").success
    assert counted == ["night.mp4"]
    assert pad.start("library", ["soundtracks"], force=True, clips="night*").success
    assert counted == ["night.mp4"] * 2  # another run decodes again


def test_wrong_settings_are_refused_in_one_line(pad):
    assert "no clip matches 'cam_z/*'" in pad.refusal("library", ["shot_index"], clips="cam_z/*")
    assert "'4x3' is no aspect ratio" in pad.refusal("delivery", ["brief"], aspects=["4x3"])
    assert "'best' is no tier" in pad.refusal("delivery", ["brief"], tier="best")
    assert "0 to 3600" in pad.refusal("library", ["footage"], settle_s=-1.0)
    told = pad.refusal("delivery", ["cutdowns/1x1"], aspects=["16:9"])
    assert "selected 1x1" in told and "16x9" in told
    result = pad.defs.resolve_job_def("library")
    with pytest.raises(dg.DagsterInvalidConfigError):
        dg.validate_run_config(result, {"resources": {"library": {"config": {"colour": "red"}}}})


def test_the_tier_goes_into_the_brief(pad):
    assert (
        brief_of(pad.project).tier == "draft"
        or pad.start("delivery", ["brief"], tier="draft").success
    )
    assert pad.start("delivery", ["brief", "processing_plan"], tier="delivery").success
    assert brief_of(pad.project).tier == "delivery"
    assert pad.project.read_json("editorial/brief.json")["tier"] == "delivery"
    text = pad.project.path("brief.yaml").read_text()
    assert "title: Lake" in text and text.count("tier:") == 1
    assert pad.start("delivery", ["brief"]).success  # empty leaves it as it is
    assert pad.project.path("brief.yaml").read_text() == text


def test_only_the_named_aspects_are_made(pad):
    pad.start("library")
    assert pad.start("refresh", ["performance_metrics", "learnings"]).success
    result = pad.start("delivery", aspects=["1:1"])
    assert result.success
    assert made(result) & CUTDOWNS == {"cutdowns/1x1"}
    assert set(judged(result)) & CUTDOWNS == {"cutdowns/1x1"} and all(judged(result).values())
    assert {p.name for p in pad.project.path("delivery").rglob("*.mp4")} == {"1x1.mp4"}
    # empty: what the brief asks for
    result = pad.start("delivery")
    assert result.success and made(result) & CUTDOWNS == {"cutdowns/1x1", "cutdowns/9x16"}
    # whoever selects one gets it
    result = pad.start("delivery", ["cutdowns/4x5"])
    assert result.success and made(result) == {"cutdowns/4x5"}
    # automation asks for the five that a run has skipped: the brief still decides
    five = sorted(CUTDOWNS - {"cutdowns/1x1"})
    result = pad.start("delivery", five, tags={"dagster/from_automation_condition": "true"})
    assert result.success and made(result) == {"cutdowns/9x16"}
    result = pad.start(
        "delivery", ["cutdowns/2x3"], tags={"dagster/from_automation_condition": "true"}
    )
    assert result.success and made(result) == set()


def test_automation_does_not_ask_for_skipped_aspects_for_ever():
    """A skipped aspect is asked for when something above it moved, not at every tick."""
    wanted = {"1x1"}
    # the real specs, conditions and gate factory; bodies that make nothing
    above = [dg.AssetSpec(name, partitions_def=PROJECTS) for name in CUTDOWN_DEPS]

    @dg.multi_asset(specs=[spec_of(s, skippable=True) for s in CUTDOWN_STEPS], can_subset=True)
    def cutdowns(context):
        for key in context.selected_asset_keys:
            if key.path[-1] in wanted:
                yield dg.MaterializeResult(asset_key=key)

    def passes(project):
        """Nothing is wrong."""
        return []

    checks = [gate(key_of(s.name), passes) for s in CUTDOWN_STEPS]
    defs = dg.Definitions(
        assets=[*above, cutdowns],
        asset_checks=checks,
        resources={"library": Anywhere()},
        executor=dg.in_process_executor,
    )
    with dg.DagsterInstance.ephemeral() as instance:
        cursor = None

        def tick():
            nonlocal cursor
            result = looked(defs, instance, cursor)
            cursor = result.cursor
            keys = [key_of(n) for n in CUTDOWNS]
            found = {k.to_user_string() for k in keys if result.get_requested_partitions(k)}
            if found:
                ran = defs.resolve_implicit_global_asset_job_def().execute_in_process(
                    instance=instance,
                    partition_key="a",
                    asset_selection=[key_of(n) for n in found],
                    run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                )
                assert made(ran) == set(judged(ran)) == {f"cutdowns/{a}" for a in wanted}
            return found

        assert tick() == set()
        instance.add_dynamic_partitions("project", ["a"])
        for name in CUTDOWN_DEPS:
            instance.report_runless_asset_event(dg.AssetMaterialization(name, partition="a"))
        assert tick() == CUTDOWNS  # once; all but one are skipped
        assert tick() == tick() == set()
        instance.report_runless_asset_event(dg.AssetMaterialization("timelines", partition="a"))
        assert tick() == CUTDOWNS
        assert tick() == tick() == set()


class Anywhere(dg.ConfigurableResource):
    """Stands where the library would: the gate of this test looks at nothing."""

    def project(self, slug):
        return slug
