"""What the design relies on in Dagster, measured with Dagster itself."""

from collections.abc import Iterator

import dagster as dg

from rcs_pipeline.defs.home import WRITER_POOL
from tests.defs.homes import launch


def toy() -> dg.Definitions:
    """A candidate whose blocking check fails, and a release that asks nobody."""

    @dg.multi_asset(
        specs=[dg.AssetSpec("model"), dg.AssetSpec("candidate", deps=["model"])],
        check_specs=[dg.AssetCheckSpec("gate", asset="candidate", blocking=True)],
        pool=WRITER_POOL,
    )
    def build() -> Iterator[object]:
        yield dg.MaterializeResult(asset_key="model")
        yield dg.MaterializeResult(asset_key="candidate")
        yield dg.AssetCheckResult(asset_key="candidate", check_name="gate", passed=False)

    @dg.asset(deps=["candidate"])
    def release() -> dg.MaterializeResult[None]:
        return dg.MaterializeResult()

    jobs = [
        dg.define_asset_job("everything", dg.AssetSelection.assets(build, release)),
        dg.define_asset_job("publish", dg.AssetSelection.assets("release")),
    ]
    return dg.Definitions(assets=[build, release], jobs=jobs, executor=dg.in_process_executor)


def released(result: dg.ExecuteInProcessResult) -> bool:
    return dg.AssetKey("release") in {event.asset_key for event in result.get_asset_materialization_events()}


def test_a_failed_blocking_check_stops_what_follows_in_its_own_run_and_no_other() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        first = (
            toy().resolve_job_def("everything").execute_in_process(instance=instance, raise_on_error=False)
        )
        assert not first.success
        assert not released(first)
        # This is why the publishing asset asks the ledger.
        alone = toy().resolve_job_def("publish").execute_in_process(instance=instance, raise_on_error=False)
        assert released(alone)


def test_a_multi_asset_is_selected_whole() -> None:
    graph = toy().resolve_asset_graph()
    selected = dg.AssetSelection.assets("candidate").required_multi_asset_neighbors().resolve(graph)
    assert {key.path[-1] for key in selected} == {"candidate", "model"}


def test_assets_of_a_partitioned_job_run_without_a_partition() -> None:
    @dg.asset(partitions_def=dg.StaticPartitionsDefinition(["a", "b"]))
    def delivery(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        assert not context.has_partition_key
        return dg.MaterializeResult()

    @dg.asset(deps=[delivery])
    def candidate() -> dg.MaterializeResult[None]:
        return dg.MaterializeResult()

    job = dg.define_asset_job("everything", dg.AssetSelection.assets(delivery, candidate))
    assert launch(dg.Definitions(assets=[delivery, candidate], jobs=[job]), "everything").success
