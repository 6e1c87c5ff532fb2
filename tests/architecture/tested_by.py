"""Each C++ source has its test: `x_test.cpp` in the folder that mirrors its own, or the test that this table names."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

# Sources under cpp/ without a test of their own name (or a pattern for several), and the test that runs them.
TESTED_BY: dict[str, str] = {
    "impact/model/paradigm_parameters.cpp": "cpp/model/paradigm_test.cpp",
    "impact/tracker/waiting.cpp": "cpp/tracker/tracker_test.cpp",
    "impact/attribution/consumer_use.cpp": "cpp/attribution/cgroup_test.cpp",
    "impact/attribution/gpu_usage.cpp": "cpp/attribution/usage_source_test.cpp",
    "impact/attribution/machine_time.cpp": "cpp/attribution/usage_source_test.cpp",
    "impact/attribution/work_meter.cpp": "cpp/attribution/core_work_test.cpp",
    "impact/host/control_*.cpp": "cpp/sources/device_readers_test.cpp",
    "impact/host/exit_accounting_*.cpp": "cpp/attribution/process_tree_test.cpp",
    "impact/host/fork_*.cpp": "integration/test_robust.py",
    "impact/host/clock_*.cpp": "cpp/host/clock_test.cpp",
    "impact/host/file_*.cpp": "cpp/host/file_test.cpp",
    "impact/host/local_socket_*.cpp": "cpp/host/local_socket_test.cpp",
    "impact/host/perf_*.cpp": "cpp/host/perf_test.cpp",
    "impact/host/process_lock_*.cpp": "cpp/host/process_lock_test.cpp",
    "impact/host/write_signals_*.cpp": "cpp/host/file_test.cpp",
    "impact/host/waker_*.cpp": "cpp/sampling/sampler_test.cpp",
    "impact/host/host.cpp": "cpp/sources/registry_test.cpp",
    "impact/host/http.cpp": "cpp/sources/web_test.cpp",
    "impact/host/ipmi_*.cpp": "cpp/sources/bmc_test.cpp",
    "impact/host/library_*.cpp": "cpp/sources/nvml_test.cpp",
    "impact/host/meminfo.cpp": "cpp/sources/models_test.cpp",
    "impact/host/page_*.cpp": "cpp/attribution/cgroup_test.cpp",
    "impact/host/process_id_*.cpp": "cpp/attribution/process_tree_test.cpp",
    "impact/host/process_clock_*.cpp": "cpp/attribution/process_tree_test.cpp",
    "impact/host/process_usage*.cpp": "cpp/attribution/process_tree_test.cpp",
    "impact/host/thread*.cpp": "cpp/sampling/sampler_test.cpp",
    "impact/host/words.cpp": "cpp/attribution/cgroup_test.cpp",
    "impact/record/decoder_object.cpp": "cpp/record/decoder_test.cpp",
    "impact/record/flusher.cpp": "cpp/record/writer_test.cpp",
    "impact/sampling/edge_reader.cpp": "cpp/sampling/sampler_test.cpp",
    "impact/sampling/lane.cpp": "cpp/sampling/sampler_test.cpp",
    "impact/sources/battery.cpp": "cpp/sources/boards_test.cpp",
    "impact/sources/bmc_answers.cpp": "cpp/sources/bmc_test.cpp",
    "impact/sources/components.cpp": "integration/test_impact_of_record.py",
    "impact/sources/cpu_info.cpp": "cpp/sources/models_test.cpp",
    "impact/sources/cpu_model.cpp": "cpp/sources/models_test.cpp",
    "impact/sources/cpu_state.cpp": "cpp/sources/models_test.cpp",
    "impact/sources/cray.cpp": "cpp/sources/boards_test.cpp",
    "impact/sources/file_source.cpp": "cpp/sources/hwmon_test.cpp",
    "impact/sources/free_ipmi.cpp": "cpp/sources/bmc_test.cpp",
    "impact/sources/hsmp.cpp": "cpp/sources/device_readers_test.cpp",
    "impact/sources/hwmon_*.cpp": "cpp/sources/hwmon_test.cpp",
    "impact/sources/ipmi.cpp": "cpp/sources/bmc_test.cpp",
    "impact/sources/ipmi_lan.cpp": "integration/test_ipmi_lan.py",
    "impact/sources/ipmi_nm.cpp": "cpp/sources/bmc_test.cpp",
    "impact/sources/ipmi_xcc.cpp": "cpp/sources/bmc_test.cpp",
    "impact/sources/io_report.cpp": "cpp/sources/apple_energy_test.cpp",
    "impact/sources/iso_time.cpp": "cpp/sources/web_test.cpp",
    "impact/sources/jetson.cpp": "cpp/sources/boards_test.cpp",
    "impact/sources/kwollect.cpp": "cpp/sources/web_test.cpp",
    "impact/sources/msr_safe.cpp": "cpp/sources/rapl_msr_test.cpp",
    "impact/sources/nvml_*.cpp": "cpp/sources/nvml_test.cpp",
    "impact/sources/pci_gpus.cpp": "cpp/sources/nvml_test.cpp",
    "impact/sources/proc_stat.cpp": "cpp/sources/models_test.cpp",
    "impact/sources/prometheus.cpp": "cpp/sources/web_test.cpp",
    "impact/sources/ram_model.cpp": "cpp/sources/models_test.cpp",
    "impact/sources/rapl.cpp": "cpp/sources/rapl_powercap_test.cpp",
    "impact/sources/rapl_registers.cpp": "cpp/sources/rapl_msr_test.cpp",
    "impact/sources/redfish.cpp": "cpp/sources/web_test.cpp",
    "impact/sources/remaining_source.cpp": "cpp/sources/registry_test.cpp",
    "impact/sources/service_client.cpp": "cpp/sources/service_test.cpp",
    "impact/sources/source.cpp": "cpp/sources/registry_test.cpp",
    "impact/sources/tdp_table.cpp": "cpp/sources/models_test.cpp",
    "impact/sources/web_answers.cpp": "cpp/sources/web_test.cpp",
    "impact/tracker/book_json.cpp": "cpp/tracker/unite_test.cpp",
    "impact/tracker/join.cpp": "cpp/tracker/unite_test.cpp",
    "impact/tracker/json.cpp": "cpp/tracker/tracker_test.cpp",
    "impact/tracker/machine_book.cpp": "cpp/tracker/share_test.cpp",
    "impact/tracker/node_channels.cpp": "cpp/tracker/unite_test.cpp",
    "impact/tracker/open_sources.cpp": "cpp/tracker/findings_test.cpp",
    "impact/tracker/replay.cpp": "cpp/tracker/tracker_test.cpp",
    "impact/tracker/source_notes.cpp": "integration/test_service_source.py",
    "impact/tracker/share_json.cpp": "cpp/tracker/share_test.cpp",
    "impact/tracker/share_setup.cpp": "cpp/tracker/share_test.cpp",
    "impact/tracker/record_stream.cpp": "cpp/tracker/unite_test.cpp",
    "bindings/bind_*.cpp": "architecture/test_package.py",
    "bindings/errors.cpp": "integration/test_tracker.py",
    "bindings/module.cpp": "architecture/test_package.py",
    "bindings/python_json.cpp": "integration/test_tracker.py",
    "library/*.cpp": "integration/test_library.py",
    "worker/compat.cpp": "cpp/worker/passes_test.cpp",
    "worker/config.cpp": "integration/test_worker.py",
    "worker/datasets/*.cpp": "cpp/worker/datasets_test.cpp",
    "worker/launch.cpp": "integration/test_worker.py",
    "worker/loops.cpp": "cpp/worker/model_test.cpp",
    "worker/main.cpp": "integration/test_worker.py",
    "worker/networks/*.cpp": "cpp/worker/networks_test.cpp",
    "worker/ops.cpp": "cpp/worker/passes_test.cpp",
    "worker/phase.cpp": "cpp/worker/model_test.cpp",
    "worker/phase_data.cpp": "integration/test_worker.py",
    "worker/process.cpp": "cpp/worker/observed_test.cpp",
    "worker/protocol.cpp": "cpp/worker/model_test.cpp",
    "worker/serve.cpp": "integration/test_worker.py",
    "worker/session.cpp": "integration/test_worker.py",
    "worker/session_phases.cpp": "integration/test_worker.py",
    "worker/team.cpp": "cpp/worker/replicas_test.cpp",
    "worker/text.cpp": "cpp/worker/gpus_test.cpp",
    "worker/weights.cpp": "cpp/worker/model_test.cpp",
}


def own_test(root: Path, source: Path) -> Path:
    """The test of the source's own name."""
    layer = source.parts[1] if source.parts[0] == "impact" else source.parts[0]
    return root / "tests" / "cpp" / layer / f"{source.stem}_test.cpp"


def untested_sources(root: Path, table: dict[str, str] = TESTED_BY) -> list[str]:
    """Sources without a test, entries of the table that name no test or are not needed."""
    sources = sorted(path.relative_to(root / "cpp") for path in (root / "cpp").rglob("*.cpp"))
    needy = [source.as_posix() for source in sources if not own_test(root, source).exists()]
    faults = [
        f"cpp/{source} has no test: add {own_test(root, Path(source)).relative_to(root)} or a line of TESTED_BY"
        for source in needy
        if not any(fnmatchcase(source, pattern) for pattern in table)
    ]
    for pattern, test in table.items():
        if not (root / "tests" / test).exists():
            faults.append(f"TESTED_BY: {pattern} names tests/{test}, which is not there")
        if not any(fnmatchcase(source, pattern) for source in needy):
            faults.append(f"TESTED_BY: {pattern} is no source without a test of its own")
    return faults
