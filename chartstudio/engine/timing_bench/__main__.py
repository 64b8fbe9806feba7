"""The benchmark's command line: ``python -m chartstudio.engine.timing_bench``."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from chartstudio.core.errors import ChartStudioError
from chartstudio.engine.timing_bench import report, rival
from chartstudio.engine.timing_bench.judge import Result, judged
from chartstudio.engine.timing_bench.plans import plans
from chartstudio.engine.timing_bench.song import Plan


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark and print its report; 0 when done, 1 with a line of why not."""
    args = _parser().parse_args(argv)
    try:
        chosen = [
            p
            for p in plans(args.data, args.quick)
            if (not args.family or p.family in args.family)
            and (not args.song or args.song.lower() in p.name.lower())
        ]
        if not chosen:
            raise ChartStudioError("no song of the benchmark has that family and name")
        started = time.perf_counter()
        results = list(_run(chosen, args))
    except ChartStudioError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print("\n".join(report.whole(results, args.songs)))
    print(f"\n{len(results)} songs in {(time.perf_counter() - started) / 60:.1f} minutes")
    if args.json:
        args.json.write_text(json.dumps(report.values(results), indent=1), encoding="utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m chartstudio.engine.timing_bench",
        description="Songs with known beats, timed by the finder and by librosa.",
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with manifest.json")
    parser.add_argument("--quick", action="store_true", help="every fourth song of each family")
    parser.add_argument("--family", action="append", help="only this family; may be repeated")
    parser.add_argument("--song", help="only songs whose name contains this")
    parser.add_argument("--alone", action="store_true", help="without librosa")
    parser.add_argument("--songs", action="store_true", help="print the errors song by song")
    parser.add_argument("--json", type=Path, help="write the figures here, too")
    parser.add_argument("--jobs", type=int, default=1, help="processes at once (default 1)")
    return parser


def _run(chosen: Sequence[Plan], args: argparse.Namespace) -> Iterator[Result]:
    work = partial(judged, data_dir=args.data, with_rival=not args.alone)
    ready = None if args.alone else rival.warmed
    if args.jobs == 1:
        if ready:
            ready()
        for i, plan in enumerate(chosen):
            _say(i, len(chosen), plan.name)
            yield work(plan)
        return
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with multiprocessing.get_context("spawn").Pool(args.jobs, ready) as pool:
        for i, result in enumerate(pool.imap(work, chosen)):
            _say(i + 1, len(chosen), result.name)
            yield result


def _say(done: int, n: int, name: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{done}/{n} {name[:50]:50}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
