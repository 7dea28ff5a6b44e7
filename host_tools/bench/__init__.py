"""`rivulet bench`: what an event costs, every way of computing it side by side in one run."""

from host_tools.bench.replays import replay_table, time_replays, write_replays
from host_tools.bench.report import bench_table, check_report, write_report
from host_tools.bench.run import run_bench, run_bench_emulated

__all__ = [
    "bench_table",
    "check_report",
    "replay_table",
    "run_bench",
    "run_bench_emulated",
    "time_replays",
    "write_replays",
    "write_report",
]
