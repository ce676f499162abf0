"""Pictures of the page for README and docs, of a project that was grown: light and dark, at 1280 pixels.

    CODEBASE_GARDENER_TRAINING__STEPS=40 gardener grow PATH      # in a home of its own
    python scripts/page_pictures.py PROJECT --out docs           # its newest version that was trained here

Starts `gardener open` on the home of the settings, looks at the views in Chromium (`scripts/chromium.sh`), and writes
`page-NAME-THEME.png`, each with at most 256 colours.
"""

from __future__ import annotations

import argparse
import io
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import sync_playwright

from codebase_gardener.config.settings import load_settings
from codebase_gardener.gardener.facade import Gardener

THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WIDTH = 1280
HEIGHTS = {"training": 940, "verdict": 742}
MAX_BYTES = 150_000


def main() -> int:
    """Write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("project")
    parser.add_argument("--out", type=Path, default=Path("docs"))
    arguments = parser.parse_args()
    views = _views(arguments.project)
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with _server() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        for name, view in views.items():
            for theme in THEMES:
                context = browser.new_context(
                    viewport={"width": WIDTH, "height": HEIGHTS[name]},
                    color_scheme=theme,
                    reduced_motion="reduce",
                )
                page = context.new_page()
                answer = page.goto(f"{url}{view}", timeout=180_000)
                if answer is None or not answer.ok:
                    raise SystemExit(f"{view} did not work: {page.inner_text('main')}")
                page.wait_for_timeout(1000)
                _write(page.screenshot(), arguments.out / f"page-{name}-{theme}.png")
                context.close()
        browser.close()
    return 0


def _views(project: str) -> dict[str, str]:
    with Gardener(load_settings()) as gardener:
        rows = gardener.registry.versions(project)
        known = gardener.registry.latest_verdicts(rows)
    row = next((row for row in rows if row.job_id), None)
    if row is None:
        raise SystemExit(f"{project} has no version that was trained here: gardener grow PATH")
    views = {"training": f"/page/trainings/{row.job_id}"}
    if row.id in known:
        views["verdict"] = f"/page/verdict/{row.project}/{row.adapter_name}/{row.version}"
    return views


@contextmanager
def _server() -> Iterator[str]:
    """The page of the settings' home, until the block ends."""
    command = [sys.executable, "-m", "codebase_gardener.cli.main", "open", "--no-browser"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        line = server.stdout.readline() if server.stdout else ""
        if "/page/" not in line:
            raise SystemExit("the server did not start")
        yield line.partition("/page/")[0]
    finally:
        server.terminate()
        server.wait(60)


def _write(png: bytes, file: Path) -> None:
    picture = Image.open(io.BytesIO(png)).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    picture.save(file, optimize=True)
    if file.stat().st_size > MAX_BYTES:
        raise SystemExit(f"{file} has {file.stat().st_size:,} bytes, more than {MAX_BYTES:,}")
    print(f"{file}: {file.stat().st_size:,} bytes")


if __name__ == "__main__":
    sys.exit(main())
