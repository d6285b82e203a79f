"""`python -m video_assets_tests.truth OUT --seed 7 --size small [--no-words]`."""

import argparse
import sys
import time
from pathlib import Path

from video_assets_tests.truth.library import make
from video_assets_tests.truth.planning import SIZES


def main(arguments: list[str] | None = None) -> int:
    """Makes one library and says how long it took."""
    parser = argparse.ArgumentParser(
        prog="python -m video_assets_tests.truth", description="Makes a library of known truth."
    )
    parser.add_argument("out", type=Path, metavar="OUT", help="the folder to write")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--size", choices=list(SIZES), default="tiny")
    parser.add_argument("--no-words", action="store_true", help="no word sidecars")
    options = parser.parse_args(arguments)
    began = time.monotonic()
    made = make(options.out, options.seed, options.size, words=not options.no_words)
    clips = sum(path.suffix in (".mp4", ".wav") for path in (made / "footage").rglob("*"))
    print(f"{made}: {clips} clips in {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
