"""What a wiki of PEFT must hold, counted from the pages on disk.

    python benchmarks/wiki_quality.py SOURCE      # a directory or an sdist of PEFT 0.18.0

Built from scratch in a home of its own, then: what the verifier finds; each symbol's range against the syntax tree,
read by `ast` alone; 11 APIs of the package and 4 of other packages that a person documented; 4 environments with the
version bounds and devices that they named; 5 pieces of advice by the lines that say them. Targets: no finding, every
range equal, at least 10 of 11, all 4 environments, at least 4 of 5. Nothing of these lists is known to the product.
"""

from __future__ import annotations

import ast
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from codebase_gardener.config.settings import Settings
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.gardener.wikis import build_wiki
from codebase_gardener.knowledge.pages.structure import Page
from codebase_gardener.repository.snapshot import Snapshot
from codebase_gardener.utils.progress import Quiet

APIS = (
    "LoraConfig", "get_peft_model", "prepare_model_for_kbit_training", "PeftModel.from_pretrained",
    "PeftModel.save_pretrained", "BaseTuner.merge_and_unload", "PeftModel.load_adapter",
    "LoraModel.add_weighted_adapter", "PeftModel.set_adapter", "PeftModel.disable_adapter",
    "PeftModel.delete_adapter",
)  # fmt: skip
WRAPPERS = ("AutoModelForCausalLM_from_pretrained", "BitsAndBytesConfig", "Trainer_train", "train")
ENVIRONMENTS: dict[str, dict[str, str]] = {
    "core": {"torch": ">=1.13.0", "accelerate": ">=0.21.0", "huggingface_hub": ">=0.25.0", "transformers": "any",
             "safetensors": "any", "Python": ">=3.10.0"},
    "bitsandbytes": {"bitsandbytes": "any"},
    "GPTQ": {"auto_gptq": ">=0.5.0", "gptqmodel": ">=2.0.0", "optimum": ">=1.24.0"},
    "LoftQ": {"scipy": "any"},
}  # fmt: skip
DEVICES = ("cuda", "mps", "xpu", "npu", "mlu", "cpu")
ADVICE: dict[str, tuple[str, str]] = {
    "rank": ("tuners/lora/config.py", r"rslora|Rank-Stabilized"),
    "target modules": ("tuners/lora/config.py", r"all-linear"),
    "merging into quantized weights": ("tuners/lora/bnb.py", r"rounding errors"),
    "gradient checkpointing": ("utils/other.py", r"gradient checkpointing"),
    "DoRA's overhead": ("tuners/lora/config.py", r"DoRA introduces a bigger"),
}


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    with tempfile.TemporaryDirectory() as home, Gardener(Settings(home=Path(home))) as gardener:
        project = build_wiki(gardener, sys.argv[1], Quiet()).project
        report = gardener.wiki(project).verify(Quiet())
        print(f"verify: {len(report.findings)} findings in {report.checked}")
        pages, snapshot = gardener.wiki(project).pages(), gardener.snapshot(project)
        index = (gardener.wiki(project).paths.folder / "_ImplementationIndex.md").read_text("utf-8")
    wrong, ranges = _ranges(pages, snapshot)
    print(f"ranges: {ranges - wrong} of {ranges} anchors of symbols equal the syntax tree's")
    implementations = [page for page in pages if page.type == "Implementation"]
    subjects = {page.sources[0].symbol for page in implementations if page.sources}
    _tally("APIs of the package", {name: name in subjects for name in APIS})
    _tally(
        "APIs of other packages",
        {name: re.search(rf"_{name}(_init)?\b", index) is not None for name in WRAPPERS},
    )
    _tally("environments", {name: _environment(pages, needs) for name, needs in ENVIRONMENTS.items()})
    core = next(page for page in pages if page.name.endswith("_Core_Environment"))
    requirements = core.sections[0].body
    _tally("devices", {name: f"Device `{name}`" in requirements for name in DEVICES})
    _tally("advice", {name: _advice(pages, snapshot, *where) for name, where in ADVICE.items()})
    return 0


def _tally(what: str, found: dict[str, bool]) -> None:
    missing = [name for name, there in found.items() if not there]
    print(
        f"{what}: {len(found) - len(missing)} of {len(found)}{', without ' + ', '.join(missing) if missing else ''}"
    )


def _ranges(pages: tuple[Page, ...], snapshot: Snapshot) -> tuple[int, int]:
    """Anchors that name a symbol and are not its lines, and all that name one (Python)."""
    known = {file.path: set(_definitions(file.text)) for file in snapshot.files if file.language == "python"}
    named = {
        (source.anchor.path, source.symbol, source.anchor.start, source.anchor.end)
        for page in pages
        for source in page.sources
        if source.symbol and source.anchor.path in known
    }
    return sum((symbol, start, end) not in known[path] for path, symbol, start, end in named), len(named)


def _definitions(text: str) -> Iterator[tuple[str, int, int]]:
    try:
        pending: list[tuple[ast.AST, str]] = [(ast.parse(text), "")]
    except SyntaxError:
        return
    while pending:
        node, scope = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            scope = f"{scope}.{node.name}".lstrip(".")
            yield scope, min([node.lineno, *(d.lineno for d in node.decorator_list)]), node.end_lineno or 0
        pending += [(child, scope) for child in ast.iter_child_nodes(node)]


def _environment(pages: tuple[Page, ...], needs: dict[str, str]) -> bool:
    """Whether one page names all these packages with these bounds."""
    rows = [f"| `{name}` | {bound if bound == 'any' else f'`{bound}`'} |" for name, bound in needs.items()]
    return any(
        all(row in "\n".join(section.body for section in page.sections) for row in rows)
        for page in pages
        if page.type == "Environment"
    )


def _advice(pages: tuple[Page, ...], snapshot: Snapshot, path: str, words: str) -> bool:
    """Whether a Heuristic page cites lines of that file with those words."""
    texts = {file.path: file.text.split("\n") for file in snapshot.files if file.path.endswith(path)}
    return any(
        re.search(
            words,
            "\n".join(texts[source.anchor.path][source.anchor.start - 1 : source.anchor.end]),
            re.IGNORECASE,
        )
        for page in pages
        if page.type == "Heuristic"
        for source in page.sources
        if source.anchor.path in texts
    )


if __name__ == "__main__":
    raise SystemExit(main())
