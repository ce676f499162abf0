"""What benchmarks/train.py trains on and measures the loss on, and the matrix products that training on it needs.

The examples are the functions of the installed peft package: the prompt is the nine lines before a function and its
signature, the completion its body. So about 65 % of the tokens are supervised.
"""

from __future__ import annotations

import ast
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from math import prod
from pathlib import Path
from typing import Any

from codebase_gardener.bases.resolution import Base
from codebase_gardener.dataset.user_rows import user_dataset
from codebase_gardener.dataset.writer import load_dataset, write_dataset
from codebase_gardener.training.encoding import EncodedExample, encode_all
from codebase_gardener.training.spec import TrainingSpec
from codebase_gardener.utils.allocator import keep_freed_memory

__all__ = ["StepProducts", "begin", "features", "prepare", "score", "write_examples"]

_SCORED_TOGETHER = 4

_LINES_BEFORE = 9  # measured: 8 give 68 % supervised tokens, 10 give 64 %
_MIN_BODY_LINES = 3
_EVERY_HELDOUT_FILE = 8


def write_examples(folder: Path, *, train: int, heldout: int, seed: int = 0) -> str:
    """Write `folder/train` and `folder/heldout` as datasets of the product's own form.

    No file has examples in both. Returns the hash of the rows to train on.

    Args:
        folder: A folder that exists.
        train: Examples to train on.
        heldout: Examples to measure the loss on.
        seed: Of the choice.
    """
    spec = find_spec("peft")
    assert spec is not None and spec.origin is not None
    package = Path(spec.origin).parent
    rng = random.Random(seed)
    rows: dict[str, list[dict[str, object]]] = {"train": [], "heldout": []}
    for number, file in enumerate(sorted(package.rglob("*.py"))):
        name = file.relative_to(package).as_posix()
        split = "heldout" if number % _EVERY_HELDOUT_FILE == 0 else "train"
        rows[split] += _functions(file.read_text("utf-8"), name)
    hashes = {}
    for name, count in (("train", train), ("heldout", heldout)):
        dataset = user_dataset(_distinct(rng.sample(rows[name], len(rows[name])))[:count], heldout_share=0)
        dataset = replace(dataset, examples=tuple(replace(row, split="train") for row in dataset.examples))
        if len(dataset.examples) < count:
            raise SystemExit(f"peft has {len(dataset.examples)} functions of the kind {name}, not {count}")
        write_dataset(dataset, folder / name)
        hashes[name] = dataset.hash
    return hashes["train"]


def _functions(text: str, path: str) -> Iterator[dict[str, object]]:
    lines = text.splitlines(keepends=True)
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
        body, end = node.body[0].lineno, node.end_lineno or 0
        if body > node.lineno and end - body >= _MIN_BODY_LINES:
            yield {
                "prompt": "".join(lines[max(0, first - 1 - _LINES_BEFORE) : body - 1]),
                "completion": "".join(lines[body - 1 : end]),
                "metadata": {"file_path": path, "name": node.name},
            }


def _distinct(rows: Sequence[dict[str, object]]) -> list[dict[str, object]]:
    """One row for each body: the product leaves repeated rows out, and the number must be as asked."""
    return list({row["completion"]: row for row in rows}.values())


@dataclass(frozen=True)
class StepProducts:
    """The matrix products that a LoRA step over frozen weights cannot do without.

    Attributes:
        linear: Weights of the adapted linear layers, in and out features each.
        head: Entries of the output head, [V, H].
        attention: Layers times the width of all query heads.
        rank: Of the adapter.
    """

    linear: tuple[tuple[int, int], ...]
    head: int
    attention: int
    rank: int

    @classmethod
    def of(cls, base: Path, rank: int) -> StepProducts:
        """Read the shapes from the base's files."""
        from safetensors import safe_open

        shapes: dict[str, list[int]] = {}
        for file in sorted(base.glob("*.safetensors")):
            with safe_open(file, framework="numpy") as tensors:
                shapes |= {name: tensors.get_slice(name).get_shape() for name in tensors.keys()}  # noqa: SIM118  safe_open's object is no mapping
        linear = {n: s for n, s in shapes.items() if ".layers." in n and len(s) == 2}
        queries = [shape[0] for name, shape in linear.items() if ".q_proj." in name]
        vocabulary = next(shape for name, shape in shapes.items() if "embed_tokens" in name)
        config = json.loads((base / "config.json").read_text())
        assert len(queries) == config["num_hidden_layers"]
        return cls(tuple((s[0], s[1]) for s in linear.values()), prod(vocabulary), sum(queries), rank)

    def flops(self, tokens: int, supervised: int) -> float:
        """Of one example.

        Linear layers: forward and the gradient of the input (2 * 2 a weight). LoRA: forward, and the gradients
        of input and of A and B (3 * 2). Head: supervised positions only, forward and gradient (2 * 2). Attention:
        causal, so half of its square, 2 products forward and 4 backward (6 * 2 / 2). Nothing is computed twice.
        """
        linear = 4 * sum(out * of for out, of in self.linear)
        lora = 6 * self.rank * sum(out + of for out, of in self.linear)
        return tokens * (linear + lora) + 4 * self.head * supervised + 6 * self.attention * tokens**2


def begin(model: Any, initial: Path) -> None:
    """Load an adapter that `prepare` or a run has written."""
    from peft import set_peft_model_state_dict
    from safetensors.torch import load_file

    told = set_peft_model_state_dict(model, load_file(initial))
    assert not told.unexpected_keys, told.unexpected_keys


def features(row: EncodedExample) -> dict[str, list[int]]:
    """A row as the libraries take it. Its first token has nothing before it, so it has no label."""
    return {"input_ids": list(row.ids), "labels": [-100, *row.labels[1:]]}


def prepare(
    base: Base, examples: Sequence[Path], training: Mapping[str, Any], initial: Path
) -> dict[str, Any]:
    """Write the adapter that every contender begins with; say how long the examples are."""
    import torch
    from peft import get_peft_model_state_dict
    from safetensors.torch import save_file

    from codebase_gardener.bases.torch_loading import load_model, load_tokenizer
    from codebase_gardener.training.torch_method import add_adapter

    spec = TrainingSpec(**training)
    torch.manual_seed(spec.seed)
    model = add_adapter(load_model(base.path, dtype="float32"), spec, base)
    save_file(get_peft_model_state_dict(model, save_embedding_layers=False), initial)
    tokenizer = load_tokenizer(base.path)
    lengths = {}
    for folder in examples:
        rows = encode_all(load_dataset(folder).train, tokenizer, max_length=spec.max_length).rows
        lengths[folder.name] = [(len(row.ids), row.supervised) for row in rows]
    return lengths


def score(
    base: Base, heldout: Path, training: Mapping[str, Any], dtype: str, adapters: Sequence[Path]
) -> list[float]:
    """Mean loss of the held-out completions with each adapter, nats: stock model, stock PEFT, padded."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer, DataCollatorForSeq2Seq

    keep_freed_memory()
    spec = TrainingSpec(**training)
    tokenizer = AutoTokenizer.from_pretrained(base.path)
    model = AutoModelForCausalLM.from_pretrained(base.path, dtype=dtype)
    model = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", **spec.lora_options())).eval()
    rows = encode_all(load_dataset(heldout).train, tokenizer, max_length=spec.max_length).rows
    rows = sorted(rows, key=lambda row: len(row.ids))
    collate = DataCollatorForSeq2Seq(tokenizer)
    batches = [
        collate([features(row) for row in rows[start : start + _SCORED_TOGETHER]])
        for start in range(0, len(rows), _SCORED_TOGETHER)
    ]
    losses = []
    for adapter in adapters:
        begin(model, adapter)
        total, count = 0.0, 0
        with torch.no_grad():
            for batch in batches:
                number = int((batch["labels"][:, 1:] != -100).sum())
                total += float(model(**batch, use_cache=False).loss) * number
                count += number
        losses.append(total / count)
    return losses
