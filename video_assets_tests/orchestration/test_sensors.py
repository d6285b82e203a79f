"""The two sensors on a real instance on disk: partitions, requests, events, cursor."""

import dagster as dg
import pytest

from video_assets.definitions import build_defs
from video_assets.foundation.lease import owner
from video_assets.foundation.store import Project, Workspace
from video_assets.orchestration import sensors, watch
from video_assets.orchestration.assets.factory import key_of
from video_assets.orchestration.automation import ROOTS
from video_assets.orchestration.resources import OWNER, Library
from video_assets.orchestration.runs import PROJECT, SETTINGS, bury_dead
from video_assets.orchestration.steps import version_of

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")
# Dagster leaves its SQLite handles to the collector


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A data folder and its instance; files are taken for still at once."""
    monkeypatch.setattr(watch, "SETTLE_S", 0.0)
    folder = tmp_path / "data" / ".dagster"
    folder.mkdir(parents=True)
    (folder / "dagster.yaml").write_text(SETTINGS.format(home=folder))
    with dg.DagsterInstance.from_config(str(folder)) as instance:
        yield Workspace(tmp_path / "data"), instance


def project_of(workspace: Workspace, slug: str, film) -> Project:
    project = Project(workspace, slug)
    (project.root / "footage").mkdir(parents=True)
    (project.root / "project.yaml").write_text("footage: footage\n")
    (project.root / "brief.yaml").write_text("title: Lake\ndurations: [6]\n")
    film("-f", "lavfi", "-i", "testsrc2=s=160x90:r=25:d=1", project.root / "footage/a.mp4")
    return project


def evaluated(workspace, instance, name, cursor=None):
    """What the daemon would be given, with everything else done as it does."""
    definitions = build_defs(Library(data=str(workspace.root)))
    (sensor,) = [s for s in definitions.sensors if s.name == name]
    with dg.build_sensor_context(
        instance=instance,
        instance_ref=instance.get_ref(),
        cursor=cursor,
        definitions=definitions,
        resources={"library": Library(data=str(workspace.root))},
    ) as context:
        found = sensor.evaluate_tick(context)
    for event in found.asset_events:
        instance.report_runless_asset_event(event)
    for request in found.dynamic_partitions_requests or []:
        instance.add_dynamic_partitions(request.partitions_def_name, request.partition_keys)
    return found


def run(workspace, instance, request):
    """The run that was asked for, in this process."""
    job = build_defs(Library(data=str(workspace.root))).resolve_implicit_global_asset_job_def()
    return job.execute_in_process(
        instance=instance,
        partition_key=request.partition_key,
        asset_selection=list(request.asset_selection),
        run_config={
            **request.run_config,
            "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
        },
        tags=request.tags,
        raise_on_error=False,
    )


def test_a_new_project_goes_from_folder_to_footage(home, film):
    workspace, instance = home
    project = project_of(workspace, "lake", film)
    (project.root / "music").mkdir()
    (project.root / "music/song.wav").write_bytes(b"x")
    first = evaluated(workspace, instance, "inputs")
    assert not first.run_requests and first.skip_message
    found = evaluated(workspace, instance, "inputs", first.cursor)
    (request,) = found.run_requests
    assert list(instance.get_dynamic_partitions("project")) == ["lake"]
    assert request.tags[PROJECT] == "lake" and request.partition_key == "lake"
    assert list(request.asset_selection) == [key_of(name) for name in ROOTS]
    assert request.run_config == {"resources": {"library": {"config": {"settle_s": 0.0}}}}
    known = sensors.what_dagster_knows(instance)
    assert known.versions["music"] == {"lake": version_of(project, "music")}
    result = run(workspace, instance, request)
    assert result.success
    known = sensors.what_dagster_knows(instance)
    assert {root: known.versions[root]["lake"] for root in ROOTS} == {
        root: project.manifest(root).data_version for root in ROOTS
    }
    assert known.projects == {"lake"} and known.busy == frozenset()
    again = evaluated(workspace, instance, "inputs", found.cursor)
    assert not again.run_requests and not again.asset_events


def test_an_unfinished_run_of_a_project_is_waited_for(home, film):
    workspace, instance = home
    for slug in ("lake", "town"):
        project_of(workspace, slug, film)
    cursor = evaluated(workspace, instance, "inputs").cursor
    for tags, status in (
        ({"dagster/partition": "lake"}, dg.DagsterRunStatus.NOT_STARTED),
        ({PROJECT: "town"}, dg.DagsterRunStatus.STARTED),
    ):
        instance.create_run_for_job(
            build_defs().resolve_implicit_global_asset_job_def(), status=status, tags=tags
        )
    assert not evaluated(workspace, instance, "inputs", cursor).run_requests
    for unfinished in instance.get_runs():
        instance.report_run_failed(unfinished)
    found = evaluated(workspace, instance, "inputs", cursor)
    assert {r.partition_key for r in found.run_requests} == {"lake", "town"}


def test_whether_the_last_run_ended_well(home, film):
    workspace, instance = home
    project = project_of(workspace, "lake", film)
    instance.add_dynamic_partitions("project", ["lake"])
    known = sensors.what_dagster_knows(instance)
    assert known.ended_well("lake")
    request = sensors.request_of(watch.Ask("lake", ("brief",), "key"))
    project.path("brief.yaml").write_text("durations: [7]\n")
    assert not run(workspace, instance, request).success
    assert not known.ended_well("lake") and known.ended_well("town")
    project.path("brief.yaml").write_text("title: Lake\n")
    assert run(workspace, instance, request).success and known.ended_well("lake")
    job, tags = build_defs().resolve_implicit_global_asset_job_def(), {"dagster/partition": "lake"}
    instance.create_run_for_job(job, status=dg.DagsterRunStatus.FAILURE, tags=tags)
    assert known.ended_well("lake")  # it was killed: no step had failed
    instance.create_run_for_job(job, status=dg.DagsterRunStatus.CANCELED, tags=tags)
    assert not known.ended_well("lake")


def test_metrics_are_reported_for_their_project_only(home, film):
    workspace, instance = home
    for slug in ("lake", "town"):
        (project_of(workspace, slug, film).root / "performance/inbox").mkdir(parents=True)
    instance.add_dynamic_partitions("project", ["lake", "town"])
    inbox = workspace.project("lake").root / "performance/inbox"
    (inbox / "week.csv").write_text("platform,post_id\n")
    first = evaluated(workspace, instance, "metrics")
    found = evaluated(workspace, instance, "metrics", first.cursor)
    assert [(e.asset_key, e.partition) for e in found.asset_events] == [
        (key_of("published_metrics"), "lake")
    ]
    assert not evaluated(workspace, instance, "metrics", found.cursor).asset_events
    assert sensors.what_dagster_knows(instance).versions["published_metrics"] == {
        "lake": version_of(workspace.project("lake"), "published_metrics")
    }


def test_both_are_on_by_default_and_look_often_enough():
    for sensor in sensors.SENSORS:
        assert sensor.default_status == dg.DefaultSensorStatus.RUNNING
        assert sensor.minimum_interval_seconds == sensors.EVERY_S <= 15


def test_a_run_whose_process_was_killed_is_not_waited_for(home, film):
    workspace, instance = home
    project_of(workspace, "lake", film)
    cursor = evaluated(workspace, instance, "inputs").cursor
    host, pid, _, namespace = owner().split("/", 3)
    instance.create_run_for_job(
        build_defs().resolve_implicit_global_asset_job_def(),
        status=dg.DagsterRunStatus.STARTED,
        tags={"dagster/partition": "lake", OWNER: "/".join([host, pid, "1", namespace])},
    )  # this process's number, but another one's beginning
    found = evaluated(workspace, instance, "inputs", cursor)
    assert [r.partition_key for r in found.run_requests] == ["lake"]
    assert run(workspace, instance, found.run_requests[0]).success
    done, dead = instance.get_runs()
    assert done.tags[OWNER] == owner()  # and this is how it is known
    assert dead.status == dg.DagsterRunStatus.FAILURE


def test_a_run_that_is_tried_again_is_not_its_dead_parent(home):
    _, instance = home
    host, pid, _, namespace = owner().split("/", 3)
    dead = {OWNER: "/".join([host, pid, "1", namespace])}
    status, seen = dg.DagsterRunStatus, []

    @dg.op
    def look(context, library: Library):
        bury_dead(context.instance)
        run = context.instance.get_run_by_id(context.run.run_id)
        seen.append((run.status, run.tags[OWNER]))

    @dg.job(resource_defs={"library": Library()}, executor_def=dg.in_process_executor)
    def again():
        look()

    parent = instance.create_run_for_job(again, status=status.FAILURE, tags=dead)
    more = {"parent_run_id": parent.run_id, "root_run_id": parent.run_id}
    begins = instance.create_run_for_job(again, status=status.STARTING, tags=dead, **more)
    bury_dead(instance)  # its process has not said yet that it is there
    assert instance.get_run_by_id(begins.run_id).status == status.STARTING
    assert again.execute_in_process(instance=instance, tags=dead).success
    assert seen == [(status.STARTED, owner())]
