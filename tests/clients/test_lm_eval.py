"""lm-evaluation-harness: an adapter that is served gives the figures of the same adapter loaded by PEFT."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from codebase_gardener.utils.names import AdapterRef
from serving.conftest import Running

NAMES = ("square", "circle", "kite", "oval", "rhombus", "cube")
ROWS = [
    {
        "text": f"def {name}_area(width, height):\n    return width * height\n",
        "begin": f"def {name}_area(width, height):\n",
        "ends": ["    return width * height\n", f"    raise ValueError({name!r})\n", "    pass\n"],
        "right": 0,
    }
    for name in NAMES
]
TASKS: dict[str, dict[str, Any]] = {
    "choice": {"output_type": "multiple_choice", "doc_to_text": "{{begin}}", "doc_to_choice": "ends",
               "doc_to_target": "right", "target_delimiter": ""},
    "going_on": {"output_type": "generate_until", "doc_to_text": "{{begin}}", "doc_to_target": "{{ends[0]}}",
                 "generation_kwargs": {"until": ["\n\n"], "max_gen_toks": 24, "do_sample": False},
                 "metric_list": [{"metric": "exact_match"}]},
    "whole": {"output_type": "loglikelihood_rolling", "doc_to_text": "", "doc_to_target": "{{text}}",
              "metric_list": [{"metric": "byte_perplexity"}]},
}  # fmt: skip


@pytest.fixture
def tasks(tmp_path: Path) -> Path:
    """A folder with the tasks and their rows."""
    folder = tmp_path / "tasks"
    folder.mkdir()
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    source = {"dataset_path": "json", "dataset_kwargs": {"data_files": {"test": str(folder / "rows.jsonl")}}}
    for name, task in TASKS.items():
        (folder / f"{name}.yaml").write_text(
            yaml.safe_dump({"task": name, **source, "test_split": "test", **task})
        )
    return folder


def answers(folder: Path) -> dict[str, list[Any]]:
    """What a run wrote of each task: the model's answers, in the order of the rows."""
    found = {}
    for task in TASKS:
        file = next(folder.rglob(f"samples_{task}_*.jsonl"))
        rows = sorted(map(json.loads, file.read_text().splitlines()), key=lambda row: row["doc_id"])
        found[task] = [row["resps"] for row in rows]
    return found


def figures(answers: list[Any]) -> list[float]:
    """Log-likelihoods, out of lists of lists."""
    if isinstance(answers, list):
        return [figure for one in answers for figure in figures(one)]
    return [] if answers in ("True", "False", True, False) else [float(answers)]


def test_what_is_served_is_what_peft_answers(
    running: Running, run: Callable[..., str], tasks: Path, tiny_base: Path, tmp_path: Path
) -> None:
    version = running.gardener.version(AdapterRef("geometry", "other"))
    common = f"tokenizer={tiny_base},max_length=2048"
    served = f"model=geometry/other:bare,base_url={running.url}/v1/completions,tokenizer_backend=huggingface,{common}"
    loaded = f"pretrained={tiny_base},peft={version.directory},dtype=float32,{common}"
    for model, arguments in (("local-completions", served), ("hf", loaded)):
        run(
            "lm_eval/bin/lm_eval", "--model", model, "--model_args", arguments, "--tasks", ",".join(TASKS),
            "--include_path", tasks, "--output_path", tmp_path / model, "--log_samples", "--device", "cpu",
            HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false",
        )  # fmt: skip
    ours, wanted = answers(tmp_path / "local-completions"), answers(tmp_path / "hf")
    assert ours["going_on"] == wanted["going_on"]
    for task in ("choice", "whole"):
        assert figures(ours[task]) == pytest.approx(figures(wanted[task]), abs=1e-2)
        assert len(figures(ours[task])) >= len(ROWS)
