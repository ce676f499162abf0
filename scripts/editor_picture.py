"""The README's picture: what Vim shows with llama.vim, configured by `gardener connect`, at a server that runs.

    python scripts/editor_picture.py LLAMA_VIM PICTURE.svg [--model NAME]

LLAMA_VIM is a folder with https://github.com/ggml-org/llama.vim; Vim 9 and tmux are needed. Only llama.vim's own line
of figures behind the completion is turned off.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

FILE = '''"""Where a project's source lies."""

from pathlib import Path

from codebase_gardener.utils.error_handling import InvalidInputError


def source_folder(path: Path) -> Path:
    """The folder of a project's source."""
    if not path.is_dir():
        raise InvalidInputError(f
'''
TYPED = 'A"'
VIMRC = """
set termguicolors number noruler background=dark
syntax on
colorscheme habamax
highlight Normal guibg=NONE
highlight LineNr guibg=NONE
"""
COLUMNS, ROWS = 88, 15
FONT = re.compile(
    r"@font-face \{.*?\}", re.DOTALL
)  # fetched from elsewhere, which a README's picture cannot be


def main() -> None:
    """Write the picture."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("llama_vim", type=Path)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--model", default="")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:  # Vim ends after us
        screen = _screen(Path(home), options.llama_vim, options.model)
    options.picture.write_text(_svg(screen))


def _screen(home: Path, llama_vim: Path, model: str) -> str:
    """What stands in the terminal, with its colours, once the completion is there."""
    shutil.copytree(llama_vim, home / ".vim/pack/editors/start/llama.vim")
    environment = {**os.environ, "HOME": str(home), "COLORTERM": "truecolor", "TERM": "tmux-256color"}
    connect = [sys.executable, "-m", "codebase_gardener.cli.main", "connect", "llama.vim", "--write"]
    subprocess.run([*connect, *(["--model", model] if model else [])], env=environment, check=True)
    with (home / ".vim/plugin/llama_config.vim").open("a") as config:
        config.write("let g:llama_config.show_info = 0\n")
    (home / ".vimrc").write_text(VIMRC)
    (home / "sources.py").write_text(FILE)
    tmux = ["tmux", "-L", f"picture{os.getpid()}", "-f", "/dev/null"]
    size = ["-x", str(COLUMNS), "-y", str(ROWS)]
    subprocess.run(
        [*tmux, "new-session", "-d", *size, "vim", f"+{FILE.count(chr(10))}", "sources.py"],
        cwd=home, env=environment, check=True,
    )  # fmt: skip
    try:
        subprocess.run([*tmux, "set", "-ga", "terminal-overrides", ",*:Tc"], check=True)
        time.sleep(3)  # llama.vim asks for the code around first
        subprocess.run([*tmux, "send-keys", TYPED], check=True)
        time.sleep(8)
        shown = subprocess.run(
            [*tmux, "capture-pane", "-e", "-p"], capture_output=True, text=True, check=True
        )
        return shown.stdout.rstrip("\n")
    finally:
        subprocess.run([*tmux, "kill-server"], check=False)


def _svg(screen: str) -> str:
    console = Console(
        record=True, width=COLUMNS, file=StringIO(), force_terminal=True, color_system="truecolor"
    )
    console.print(Text.from_ansi(screen), soft_wrap=True)
    picture = console.export_svg(title="sources.py, in Vim", theme=MONOKAI, unique_id="editor")
    return FONT.sub("", picture)


if __name__ == "__main__":
    main()
