"""What pages of the wiki bring to retrieval: `evaluate`'s arms of the base, with and without them.

    python benchmarks/wiki_arms.py SOURCE BASE [FUNCTIONS]

Builds the wiki of SOURCE in an empty home and measures the base in folder BASE, with an adapter that is not trained
and so changes nothing, on the held-out functions. Prints the wiki's line of the verdict; there is no target.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from codebase_gardener.bases.torch_loading import load_model, load_tokenizer
from codebase_gardener.cli.figures import verdict_lines
from codebase_gardener.config.settings import Settings
from codebase_gardener.evaluation.measuring import measure_arms
from codebase_gardener.evaluation.torch_scorer import TorchScorer
from codebase_gardener.evaluation.verdict import judge
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.gardener.wikis import build_wiki
from codebase_gardener.training.torch_device import set_threads
from codebase_gardener.utils.progress import Quiet


def main() -> int:
    from peft import LoraConfig, get_peft_model

    source, base = sys.argv[1], Path(sys.argv[2])
    with tempfile.TemporaryDirectory() as home, Gardener(Settings(home=Path(home))) as gardener:
        build_wiki(gardener, source, Quiet(), name="measured")
        dataset, _ = gardener.dataset("measured")
    functions = dataset.heldout[: int(sys.argv[3]) if len(sys.argv) > 3 else 32]
    set_threads(0)
    model = get_peft_model(load_model(base, dtype="bfloat16"), LoraConfig(target_modules="all-linear")).eval()
    measured = measure_arms(TorchScorer(model, load_tokenizer(base)), functions)
    verdict = judge(measured, {"base": 0.0, "adapter": 0.0}).as_dict()
    print(f"{len(functions)} functions of {source}\n{verdict_lines(verdict)[-1]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
