"""The named bases beside transformers' own models of their configs: the whole shape, and small random ones at work."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer

from codebase_gardener.adapters.torch_proof import compare_merged, measure
from codebase_gardener.bases.named import NAMED, NamedBase
from codebase_gardener.bases.resolution import resolve_base
from codebase_gardener.bases.shape import BaseShape
from codebase_gardener.bases.text import plain_ids
from codebase_gardener.bases.torch_loading import SAMPLE, base_skeleton, load_tokenizer
from codebase_gardener.config.settings import Settings
from codebase_gardener.evaluation.torch_evaluate import evaluate_adapter
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.jobs.spec import JobSpec
from codebase_gardener.jobs.torch_run import run_job
from codebase_gardener.merging.into_base import merge_into_base
from codebase_gardener.merging.merge import MergeInput, MergeSpec
from codebase_gardener.training.encoding import IGNORE, encode_fill_in
from codebase_gardener.training.spec import parse_spec
from samples.named_models import CODE_MODELS, write_small


@pytest.mark.parametrize("name", NAMED)
def test_the_shape_is_that_of_transformers_model(name: str, tmp_path: Path) -> None:
    row = NAMED[name]
    (tmp_path / "config.json").write_text(json.dumps(row.config))
    model = base_skeleton(tmp_path)
    linears = {
        path: (layer.out_features, layer.in_features)
        for path, layer in model.named_modules()
        if isinstance(layer, torch.nn.Linear) and path != "lm_head"
    }
    assert {one.path: (one.out_features, one.in_features) for one in row.shape.linears} == linears
    assert row.shape.parameters == sum(each.numel() for each in model.parameters())


@pytest.fixture(scope="module", params=CODE_MODELS)
def small(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[NamedBase, Path]:
    return NAMED[request.param], write_small(request.param, tmp_path_factory.mktemp("named") / "base")


def test_its_tokenizer_is_read_as_its_file_says(small: tuple[NamedBase, Path]) -> None:
    row, folder = small
    tokenizer = load_tokenizer(folder)
    own = Tokenizer.from_file(str(folder / "tokenizer.json"))
    assert (
        tokenizer(SAMPLE, add_special_tokens=False)["input_ids"]
        == own.encode(SAMPLE, add_special_tokens=False).ids
    )
    begins = tokenizer("a")["input_ids"][0] == tokenizer.bos_token_id
    assert begins == ("deepseek" in row.id or "gemma" in row.id)
    assert tokenizer.decode(plain_ids(tokenizer, SAMPLE)) == SAMPLE


def test_its_rows_to_fill_in(small: tuple[NamedBase, Path]) -> None:
    row, folder = small
    tokenizer = load_tokenizer(folder)
    encoded = encode_fill_in(
        ("def f(a):\n    ", "b = a", "\n    return b\n"), "python", tokenizer, max_length=96
    )
    prefix, suffix, middle = tokenizer.convert_tokens_to_ids(list(row.fill_in))
    start = [tokenizer.bos_token_id] if tokenizer("a")["input_ids"][0] == tokenizer.bos_token_id else []
    ids = list(encoded.ids)
    assert ids[: len(start) + 1] == [*start, prefix]
    before, after = ids[len(start) + 1 : ids.index(suffix)], ids[ids.index(suffix) + 1 : ids.index(middle)]
    assert tokenizer.decode(before) == "def f(a):\n    "
    assert tokenizer.decode(after) == "\n    return b\n"
    trained = [label for label in encoded.labels if label != IGNORE]
    assert trained == [*plain_ids(tokenizer, "b = a"), tokenizer.eos_token_id]
    assert ids[ids.index(middle) + 1 :] == trained
    assert not {prefix, suffix, middle} & set(plain_ids(tokenizer, "".join(row.fill_in))), "text is text"


@pytest.mark.slow
def test_it_trains_proves_evaluates_and_merges(
    small: tuple[NamedBase, Path], settings: Settings, small_repository: Path, tmp_path: Path
) -> None:
    row, folder = small
    base = resolve_base(str(folder), settings.bases_dir)
    assert {one.name for one in BaseShape.of(base).linears} == {one.name for one in row.shape.linears}
    with Gardener(settings) as gardener:
        gardener.add(str(small_repository))
        rows, dataset = gardener.dataset(small_repository.name)
        assert any(example.fim for example in rows.train)
    directory = JobDirectory(tmp_path / "job")
    directory.path.mkdir()
    training = parse_spec({**settings.training, "max_length": 256, "steps": 6, "learning_rate": 0.02})
    directory.write_spec(
        JobSpec(base=base, dataset=dataset, dataset_hash=rows.hash, device="cpu", training=training)
    )
    run_job(directory, "demo/default@1")
    losses = [event["loss"] for event in directory.events.all() if event["kind"] == "step"]
    assert losses[-1] < losses[0]
    receipt = measure(
        directory.artifact, folder, base_sha256=base.sha256, dtype="float32", parity=directory.parity
    )
    assert receipt["tensors_matched"] == receipt["tensors_expected"] == 2 * len(BaseShape.of(base).linears)
    assert receipt["max_logit_difference"] > 1e-3 and receipt["parity_reload"] < 1e-4
    verdict = evaluate_adapter(
        directory.artifact, base, dataset, device="cpu", dtype="float32", limit=4
    ).as_dict()
    assert verdict["arms"]["adapter"]["nats_per_token"] < verdict["arms"]["base"]["nats_per_token"]
    merge_into_base(
        [MergeInput(directory.artifact, 1.0, "a")], base, tmp_path / "merged", MergeSpec("linear")
    )
    assert (
        compare_merged(directory.artifact, folder, tmp_path / "merged", dtype="float32")["parity_merged"]
        < 1e-3
    )
