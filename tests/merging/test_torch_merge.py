"""Merging: against the dense definition, against PEFT where PEFT is right, and itself with weight 1."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from peft import LoraConfig, PeftModel, get_peft_model
from peft.tuners.lora import LoraModel
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import AutoModelForCausalLM

from codebase_gardener.adapters.files import check_adapter_files
from codebase_gardener.adapters.torch_factors import FactorReader, Factors
from codebase_gardener.merging.merge import MergeInput, MergeSpec, merge_adapters, predict_merge
from codebase_gardener.merging.methods import MERGE_METHODS
from codebase_gardener.merging.torch_files import module_seed
from codebase_gardener.merging.torch_modules import merge_sums, relative_errors, result_rank
from codebase_gardener.merging.torch_sparsify import smallest_kept
from codebase_gardener.utils.error_handling import AdapterError, InvalidInputError

Make = Callable[..., Path]
IDS = torch.arange(1, 25)[None]


@pytest.fixture(scope="session")
def make(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Writes a random adapter of the tiny base with PEFT; nothing of it is zero."""

    def write(seed: int, **options: Any) -> Path:
        torch.manual_seed(seed)
        model = AutoModelForCausalLM.from_pretrained(tiny_base, dtype=torch.float32)
        given = {"r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "down_proj"], **options}
        peft = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", **given))
        for name, parameter in peft.named_parameters():
            if parameter.requires_grad and "magnitude" not in name:
                parameter.data.normal_(std=0.2)
        folder = tmp_path_factory.mktemp("adapters") / f"a{seed}"
        peft.save_pretrained(folder)
        return folder

    return write


def deltas(folder: Path) -> dict[str, Tensor]:
    """The weight changes of an adapter, as PEFT itself computes them."""
    config = json.loads((folder / "adapter_config.json").read_text())
    model = PeftModel.from_pretrained(
        AutoModelForCausalLM.from_pretrained(config["base_model_name_or_path"], dtype=torch.float32), folder
    )
    return {
        name.removeprefix("base_model.model."): module.get_delta_weight("default").detach().double()
        for name, module in model.named_modules()
        if hasattr(module, "get_delta_weight") and "default" in getattr(module, "lora_A", {})
    }


def logits(folder: Path) -> Tensor:
    config = json.loads((folder / "adapter_config.json").read_text())
    base = AutoModelForCausalLM.from_pretrained(config["base_model_name_or_path"], dtype=torch.float32)
    with torch.no_grad():
        found: Tensor = PeftModel.from_pretrained(base, folder).eval()(input_ids=IDS).logits
    return found


def merged(folders: list[Path], weights: list[float], target: Path, **spec: Any) -> tuple[Path, Any]:
    inputs = [
        MergeInput(folder, weight, folder.name) for folder, weight in zip(folders, weights, strict=True)
    ]
    return target, merge_adapters(inputs, target, MergeSpec(**spec))


def off(found: dict[str, Tensor], wanted: dict[str, Tensor]) -> float:
    assert set(found) == set(wanted)
    return max(float((found[name] - wanted[name]).norm() / wanted[name].norm()) for name in wanted)


def dense(kind: str, parts: list[Tensor], weights: list[float], density: float) -> Tensor:
    """TIES and pruning, entry by entry and without haste."""
    kept = []
    for part in parts:
        count = int(density * part.numel())
        order = part.abs().flatten().argsort(descending=True)[:count]
        mask = torch.zeros(part.numel(), dtype=torch.bool)
        mask[order] = True
        kept.append(torch.where(mask.reshape(part.shape), part, 0.0))
    scaled = [weight * part for weight, part in zip(weights, kept, strict=True)]
    total = torch.stack(scaled).sum(0)
    if kind == "magnitude_prune":
        return total
    result = torch.zeros_like(total)
    for place in range(total.numel()):
        values = [part.flatten()[place] for part in scaled]
        sign = 1 if total.flatten()[place] >= 0 else -1
        agreeing = [number for number, value in enumerate(values) if value * sign > 0]
        if agreeing:
            share = sum(abs(weights[number]) for number in agreeing)
            result.view(-1)[place] = sum(values[number] for number in agreeing) / share
    return result


# ---------------------------------------------------------------- what is predicted


@pytest.mark.slow
@pytest.mark.parametrize("method", MERGE_METHODS)
@pytest.mark.parametrize("rank", [None, 3])
def test_what_is_predicted_is_what_is_measured(
    method: str, rank: int | None, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = [MergeInput(make(1), 0.7, "a"), MergeInput(make(2), -0.4, "b")]
    spec = MergeSpec(method, rank)
    whole = predict_merge(inputs, spec)
    report = merge_adapters(inputs, tmp_path / "merged", spec)
    assert whole.error == pytest.approx(report.error, rel=1e-3, abs=1e-6)
    assert whole.sampled in (0, whole.modules) and whole.modules == len(report.modules)
    assert (whole.sampled == 0) == (method in ("linear", "cat") and rank is None)
    monkeypatch.setattr("codebase_gardener.merging.torch_files._SAMPLED", 1)
    sampled = predict_merge(inputs, spec)
    assert sampled.sampled in (0, 1)
    assert sampled.error == pytest.approx(report.error, rel=0.2, abs=1e-6)
    assert list(tmp_path.iterdir()) == [tmp_path / "merged"]


def test_what_cannot_be_merged_has_no_prediction(make: Make) -> None:
    inputs = [MergeInput(make(1), 1.0, "a"), MergeInput(make(4, use_dora=True), 1.0, "b")]
    with pytest.raises(AdapterError, match="DoRA"):
        predict_merge(inputs, MergeSpec())
    alone = predict_merge(inputs[1:], MergeSpec())
    assert (alone.error, alone.sampled) == (0.0, 0)


# ---------------------------------------------------------------- the weighted sum


@pytest.mark.parametrize("method", ["linear", "task_arithmetic", "cat", "svd"])
def test_the_sum_is_exact_whatever_ranks_patterns_and_scalings(
    method: str, make: Make, tmp_path: Path
) -> None:
    folders = [
        make(1),
        make(2, r=2, use_rslora=True, lora_alpha=3),
        make(3, r=3, rank_pattern={"q_proj": 5}, alpha_pattern={"layers.1.self_attn.q_proj": 7}),
        make(4, target_modules=["v_proj", "q_proj"], layers_to_transform=[1]),
    ]
    weights = [0.7, -0.3, 1.5, 0.2]
    target, report = merged(
        folders, weights, tmp_path / "out", method=method, rank=40 if method == "svd" else None
    )
    wanted: dict[str, Tensor] = {}
    for folder, weight in zip(folders, weights, strict=True):
        for name, delta in deltas(folder).items():
            wanted[name] = wanted.get(name, torch.zeros_like(delta)) + weight * delta
    assert off(deltas(target), wanted) < 2e-6
    assert report.error < 1e-6
    assert all(row["error"] < 1e-6 for row in report.modules.values())


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sizes=st.lists(st.integers(1, 6), min_size=1, max_size=4),
    weights=st.lists(st.floats(-2, 2).filter(lambda w: abs(w) > 0.01), min_size=4, max_size=4),
    rank=st.integers(1, 24),
    seed=st.integers(0, 999),
)
def test_truncation_is_the_nearest_of_its_rank(
    sizes: list[int], weights: list[float], rank: int, seed: int
) -> None:
    dice = torch.Generator().manual_seed(seed)
    parts = [
        (
            weight,
            Factors(
                [torch.randn(size, 9, generator=dice, dtype=torch.float64)],
                [torch.randn(7, size, generator=dice, dtype=torch.float64)],
                0.5 + number,
            ),
        )
        for number, (size, weight) in enumerate(zip(sizes, weights, strict=False))
    ]
    whole = sum(weight * factors.scale * factors.b[0] @ factors.a[0] for weight, factors in parts)
    ranks = [factors.rank for _, factors in parts]
    found = merge_sums(parts, result_rank(MERGE_METHODS["svd"], ranks, (7, 9), rank, dense=False))
    values = torch.linalg.svdvals(whole)
    nearest = float(values[rank:].norm() / values.norm())
    assert found.a.shape[1] <= min(rank, 7)
    assert float(found.error) == pytest.approx(nearest, abs=1e-6)
    assert float(relative_errors((found.a, found.b), (found.a, found.b))[0]) < 1e-7


def test_the_default_rank_of_svd_is_the_largest_inputs_with_its_error(make: Make, tmp_path: Path) -> None:
    target, report = merged([make(1), make(2, r=6)], [1, 1], tmp_path / "out", method="svd")
    assert {row["rank"] for row in report.modules.values()} == {6}
    wanted = {name: delta + deltas(make(2, r=6))[name] for name, delta in deltas(make(1)).items()}
    measured = off(deltas(target), wanted)
    assert max(row["error"] for row in report.modules.values()) == pytest.approx(measured, rel=1e-3)
    assert 0 < report.error < 1


# ---------------------------------------------------------------- TIES, DARE, pruning


@pytest.mark.parametrize("method", ["ties", "magnitude_prune"])
@pytest.mark.parametrize("weights", [[1.0, 1.0, 1.0], [0.5, 1.5, 0.25]])
def test_sparse_methods_follow_their_definition(
    method: str, weights: list[float], make: Make, tmp_path: Path
) -> None:
    folders = [make(seed, target_modules=["q_proj"]) for seed in (1, 2, 3)]
    target, report = merged(folders, weights, tmp_path / "out", method=method, density=0.4, rank=32)
    found = deltas(target)
    each = [deltas(folder) for folder in folders]
    for name in found:
        wanted = dense(method, [one[name] for one in each], weights, 0.4)
        assert float((found[name] - wanted).norm() / wanted.norm()) < 1e-4
    assert report.error < 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("method", ["dare_linear", "dare_ties"])
def test_dare_drops_at_random_by_a_seed_and_keeps_the_mean(method: str, make: Make, tmp_path: Path) -> None:
    folders = [make(seed, target_modules=["q_proj"]) for seed in (1, 2)]
    spec = {"method": method, "density": 0.5, "rank": 32}
    one = deltas(merged(folders, [1, 1], tmp_path / "one", seed=1, **spec)[0])
    again = deltas(merged(folders, [1, 1], tmp_path / "again", seed=1, **spec)[0])
    other = deltas(merged(folders, [1, 1], tmp_path / "other", seed=2, **spec)[0])
    assert off(one, again) < 1e-6
    assert off(one, other) > 0.1
    if method == "dare_linear":
        many = [deltas(merged(folders, [1, 1], tmp_path / f"m{n}", seed=n, **spec)[0]) for n in range(3, 43)]
        exact = {name: delta + deltas(folders[1])[name] for name, delta in deltas(folders[0]).items()}
        mean = {name: sum(one[name] for one in many) / len(many) for name in exact}
        assert off(mean, exact) < 0.3


@pytest.mark.parametrize("method", [name for name in MERGE_METHODS if name.endswith("_svd")])
def test_the_error_of_a_compressed_merge_is_measured(method: str, make: Make, tmp_path: Path) -> None:
    folders = [make(1), make(2)]
    _, low = merged(folders, [1, 1], tmp_path / "low", method=method)
    _, high = merged(folders, [1, 1], tmp_path / "high", method=method, rank=32)
    assert {row["rank"] for row in low.modules.values()} == {4}
    assert 1e-3 < low.error < 1
    assert high.error < 1e-4


# ---------------------------------------------------------------- PEFT's own result


@pytest.mark.slow
@pytest.mark.parametrize("method", ["linear", "ties", "magnitude_prune", "dare_linear", "dare_ties", "cat"])
@pytest.mark.parametrize("weights", [[0.7, -0.4], [1.5, 0.2]])
def test_factors_are_as_peft_merges_them(
    method: str, weights: list[float], make: Make, tmp_path: Path, tiny_base: Path, monkeypatch: Any
) -> None:
    folders = [make(1), make(2)]
    _roll_our_dice(monkeypatch, seed=3)
    model = PeftModel.from_pretrained(
        AutoModelForCausalLM.from_pretrained(tiny_base, dtype=torch.float32), folders[0], adapter_name="one"
    )
    model.load_adapter(folders[1], "two")
    model.add_weighted_adapter(["one", "two"], weights, "both", combination_type=method, density=0.6)
    wanted = {
        name.removeprefix("base_model.model."): module.get_delta_weight("both").detach().double()
        for name, module in model.named_modules()
        if "both" in getattr(module, "lora_A", {})
    }
    space = "delta" if method == "cat" else "factors"
    target, report = merged(
        folders, weights, tmp_path / "out", method=method, density=0.6, space=space, seed=3
    )
    assert off(deltas(target), wanted) < 1e-6
    assert (report.error < 1e-6) == (method == "cat"), "factor by factor is not the weighted sum, and says so"


def _roll_our_dice(monkeypatch: Any, seed: int) -> None:
    """PEFT rolls the global dice for one module after the other, after it has drawn the new adapter's start from them.

    Here each module has a seed of its own; with that set before each module, PEFT's dice are ours.
    """
    theirs = LoraModel._generalized_task_arithmetic_weighted_adapter
    names = {}

    def seeded(self: Any, kind: str, adapters: Any, weights: Any, target: Any, *rest: Any) -> Any:
        names.update({id(module): name for name, module in self.model.named_modules()})
        torch.manual_seed(module_seed(seed, f"base_model.model.{names[id(target)]}"))
        return theirs(self, kind, adapters, weights, target, *rest)

    monkeypatch.setattr(LoraModel, "_generalized_task_arithmetic_weighted_adapter", seeded)


# ---------------------------------------------------------------- any ranks, scalings, weights, patterns


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(
    inputs=st.lists(
        st.tuples(
            st.integers(1, 5),  # rank
            st.floats(0.5, 9),  # alpha
            st.booleans(),  # rsLoRA
            st.floats(-2, 2).filter(lambda w: abs(w) > 0.01),
            st.dictionaries(
                st.sampled_from(["q", "layers.1.k"]), st.tuples(st.integers(1, 4), st.integers(1, 9))
            ),
            st.booleans(),  # float16
        ),
        min_size=2,
        max_size=4,
    ),
    method=st.sampled_from(sorted(MERGE_METHODS)),
    density=st.sampled_from([0.3, 0.7, 1.0]),
    rank=st.one_of(st.none(), st.integers(1, 20)),
    seed=st.integers(0, 99),
)
def test_a_merge_is_what_its_definition_says_within_the_error_it_reports(
    inputs: list[Any], method: str, density: float, rank: int | None, seed: int, tmp_path_factory: Any
) -> None:
    place, dice = tmp_path_factory.mktemp("any"), torch.Generator().manual_seed(seed)
    sizes = {f"layers.{layer}.{kind}": (9, 7) for layer in (0, 1) for kind in "qk"}
    changes: list[dict[str, Tensor]] = []
    folders = []
    for number, (own, alpha, rslora, _, patterns, half) in enumerate(inputs):
        tensors, of_module = {}, {}
        for name, (out, width) in sizes.items():
            r, a = next((v for k, v in patterns.items() if f".{name}".endswith(f".{k}")), (own, alpha))
            down, up = (torch.randn(shape, generator=dice) for shape in ((r, width), (out, r)))
            down, up = (t.half() if half else t for t in (down, up))
            tensors |= {f"base_model.model.{name}.lora_{x}.weight": t for x, t in (("A", down), ("B", up))}
            of_module[name] = a / (r**0.5 if rslora else r) * (up.double() @ down.double())
        changes.append(of_module)
        folders.append(place / f"a{number}")
        folders[-1].mkdir()
        save_file(tensors, folders[-1] / "adapter_model.safetensors")
        config = {
            "peft_type": "LORA",
            "r": own,
            "lora_alpha": alpha,
            "use_rslora": rslora,
            "target_modules": ["q", "k"],
            "rank_pattern": {key: r for key, (r, _) in patterns.items()},
            "alpha_pattern": {key: a for key, (_, a) in patterns.items()},
        }
        (folders[-1] / "adapter_config.json").write_text(json.dumps(config))
    weights = [row[3] for row in inputs]
    target, report = merged(
        folders, weights, place / "out", method=method, density=density, rank=rank, seed=seed
    )
    reader = FactorReader(check_adapter_files(target))
    for name in sizes:
        path = f"base_model.model.{name}"
        wanted = _defined(method, [one[name] for one in changes], weights, density, module_seed(seed, path))
        factors = reader.read([path])
        found = factors.scale * (factors.b[0].double() @ factors.a[0].double())
        error = float((found - wanted).norm() / wanted.norm()) if wanted.norm() else float(found.norm())
        assert error == pytest.approx(report.modules[path]["error"], rel=1e-3, abs=3e-6)
        if MERGE_METHODS[method].prune == "none" and report.modules[path]["rank"] >= 7:
            assert error < 1e-6


def _defined(method: str, parts: list[Tensor], weights: list[float], density: float, seed: int) -> Tensor:
    """What a method defines on dense changes; for DARE with the dice that a merge rolls."""
    row = MERGE_METHODS[method]
    if row.prune == "random" and density < 1:
        bits = np.random.SFC64(seed)
        kept = round(density * 65536)
        masks = [bits.random_raw(-(-p.numel() // 4)).view(np.uint16)[: p.numel()] < kept for p in parts]
        parts = [
            part * torch.from_numpy(mask).view(part.shape) * 65536 / kept
            for part, mask in zip(parts, masks, strict=True)
        ]
    if row.elect:
        return dense("ties", parts, weights, density if row.prune == "magnitude" else 1.0)
    if row.prune == "magnitude":
        return dense("magnitude_prune", parts, weights, density)
    return torch.stack([weight * part for weight, part in zip(weights, parts, strict=True)]).sum(0)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 70_000),
    st.floats(0.001, 1),
    st.integers(0, 99),
    st.sampled_from(["normal", "few", "ramp"]),
)
def test_the_smallest_that_is_kept_is_exact(size: int, density: float, seed: int, kind: str) -> None:
    dice = torch.Generator().manual_seed(seed)
    values = {
        "normal": torch.randn(size, generator=dice).abs(),
        "few": torch.randint(0, 4, (size,), generator=dice).float(),
        "ramp": torch.arange(size).float(),
    }[kind]
    count = max(1, int(density * size))
    assert smallest_kept(values, count) == values.sort(descending=True).values[count - 1]


# ---------------------------------------------------------------- itself, and what is refused

VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "rslora": {"use_rslora": True},
    "dora": {"use_dora": True},
    "bias": {"lora_bias": True},
    "patterns": {"rank_pattern": {"q_proj": 2}, "alpha_pattern": {"down_proj": 3}},
    "saved head": {"modules_to_save": ["lm_head"]},
    "tokens": {"trainable_token_indices": [3, 5]},
    "embedding": {"target_modules": ["embed_tokens", "q_proj"]},
}


@pytest.mark.slow
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("method", ["linear", "cat", "svd", "ties", "dare_ties"])
def test_one_adapter_with_weight_one_is_itself(variant: str, method: str, make: Make, tmp_path: Path) -> None:
    folder = make(1, **VARIANTS[variant])
    target, report = merged([folder], [1.0], tmp_path / "out", method=method)
    assert torch.allclose(logits(target), logits(folder), atol=1e-5)
    assert report.error < 1e-6


@pytest.mark.parametrize("variant", ["rslora", "bias", "patterns", "embedding"])
def test_halves_of_two_copies_are_the_one(variant: str, make: Make, tmp_path: Path) -> None:
    folder = make(1, **VARIANTS[variant])
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    target, _ = merged([folder, copy], [0.5, 0.5], tmp_path / "out", method="linear")
    assert torch.allclose(logits(target), logits(folder), atol=1e-5)


@pytest.mark.parametrize(
    ("variant", "reason"), [("dora", "DoRA"), ("saved head", "lm_head"), ("tokens", "no low-rank factors")]
)
def test_what_factors_cannot_carry_is_refused_with_its_reason(
    variant: str, reason: str, make: Make, tmp_path: Path
) -> None:
    with pytest.raises(AdapterError, match=reason) as caught:
        merged([make(2), make(1, **VARIANTS[variant])], [1, 1], tmp_path / "out")
    assert caught.value.hint
    assert not (tmp_path / "out").exists()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"method": "poetry"}, "poetry"),
        ({"density": 0}, "density"),
        ({"density": float("nan")}, "density"),
        ({"rank": 0}, "rank"),
    ],
)
def test_requests_that_cannot_be_right(
    change: dict[str, Any], words: str, make: Make, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInputError, match=words):
        merged([make(1), make(2)], [1, 1], tmp_path / "out", **change)


def test_the_same_adapter_twice_and_weights_that_are_no_numbers(make: Make, tmp_path: Path) -> None:
    folder = make(1)
    with pytest.raises(InvalidInputError, match="twice"):
        merged([folder, folder.parent / "." / folder.name], [1, 1], tmp_path / "out")
    for weight in (0.0, float("nan"), float("inf")):
        with pytest.raises(InvalidInputError, match="weight"):
            merged([folder, make(2)], [1, weight], tmp_path / "out")
    (tmp_path / "out").mkdir()
    with pytest.raises(InvalidInputError, match="exists"):
        merged([folder, make(2)], [1, 1], tmp_path / "out")


def test_another_base_of_other_sizes_is_named_by_module(
    make: Make, make_base: Callable[..., Path], tmp_path: Path
) -> None:
    torch.manual_seed(0)
    wide = AutoModelForCausalLM.from_pretrained(make_base(seed=3, intermediate_size=48), dtype=torch.float32)
    other = get_peft_model(
        wide, LoraConfig(task_type="CAUSAL_LM", r=4, target_modules=["q_proj", "down_proj"])
    )
    other.save_pretrained(tmp_path / "other")
    with pytest.raises(AdapterError, match=r"down_proj has different sizes"):
        merged([make(1), tmp_path / "other"], [1, 1], tmp_path / "out")


def test_ranks_that_differ_cannot_be_merged_factor_by_factor(make: Make, tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match="different ranks"):
        merged([make(1), make(2, r=2)], [1, 1], tmp_path / "out", method="linear", space="factors")


def test_damaged_files(make: Make, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(make(1), tmp_path / "damaged"))
    path = folder / "adapter_model.safetensors"
    held = load_file(path)
    name = next(iter(held))
    save_file({**held, name: torch.full_like(held[name], float("nan"))}, path)
    with pytest.raises(AdapterError, match="NaN"):
        merged([make(2), folder], [1, 1], tmp_path / "out")
    with pytest.raises(AdapterError, match="NaN"):
        merged([folder], [1], tmp_path / "out")
    save_file({key: value for key, value in held.items() if key != name}, path)
    with pytest.raises(AdapterError, match="has no lora_"):
        merged([make(2), folder], [1, 1], tmp_path / "out")


def test_scales_are_those_of_peft(make: Make) -> None:
    folder = make(
        1, r=3, use_rslora=True, alpha_pattern={"layers.0.self_attn.q_proj": 5}, rank_pattern={"q_.*": 2}
    )
    reader = FactorReader(check_adapter_files(folder))
    for name, delta in deltas(folder).items():
        factors = reader.read([f"base_model.model.{name}"])
        assert torch.allclose(factors.scale * (factors.b[0] @ factors.a[0]).double(), delta, atol=1e-6)


@pytest.mark.parametrize("weight", [1.0, 0.5])
def test_an_adapter_of_a_quantized_base_only_is_refused(weight: float, tmp_path: Path) -> None:
    folder = tmp_path / "loftq"
    folder.mkdir()
    tensors = {f"base_model.model.q.lora_{x}.weight": torch.ones(2, 2) for x in "AB"}
    save_file(tensors, folder / "adapter_model.safetensors")
    config = {"peft_type": "LORA", "r": 2, "lora_alpha": 2, "target_modules": ["q"]}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    training = {"quantization": "nf4", "init_lora_weights": "loftq"}
    (folder / "gardener.json").write_text(json.dumps({"training": training}))
    with pytest.raises(AdapterError, match="LoftQ"):
        merged([folder], [weight], tmp_path / "out", method="svd")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("options", [{"method": "cat"}, {"method": "svd"}, {"method": "linear", "rank": 2}])
def test_factors_have_no_place_for_what_needs_the_weight_change(
    options: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(InvalidInputError, match="one by one"):
        merged([tmp_path / "a", tmp_path / "b"], [1.0, 1.0], tmp_path / "out", space="factors", **options)


def _plain(folder: Path, prefix: str = "base_model.model.", value: float = 1.0) -> Path:
    folder.mkdir()
    tensors = {f"{prefix}q.lora_{x}.weight": torch.full((2, 2), value) for x in "AB"}
    save_file(tensors, folder / "adapter_model.safetensors")
    config = {"peft_type": "LORA", "r": 2, "lora_alpha": 2, "target_modules": ["q"]}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    return folder


def test_names_without_peft_s_prefix_are_not_other_modules(tmp_path: Path) -> None:
    folders = [_plain(tmp_path / "a"), _plain(tmp_path / "b", prefix="")]
    with pytest.raises(AdapterError, match="no low-rank factors"):
        merged(folders, [0.5, 0.5], tmp_path / "out", method="cat")


def test_adapters_that_cancel_out_are_refused(tmp_path: Path) -> None:
    folders = [_plain(tmp_path / "a"), _plain(tmp_path / "b")]
    with pytest.raises(AdapterError, match="cancel out"):
        merged(folders, [1.0, -1.0], tmp_path / "out", method="cat")
    assert not (tmp_path / "out").exists()


# ---------------------------------------------------------------- what stock PEFT makes of it


_TARGETS: list[Any] = [
    ["q_proj", "down_proj"],
    ["embed_tokens", "q_proj"],
    ["embed_tokens"],
    ["lm_head", "v_proj"],
    "all-linear",
    r".*\.(q|v)_proj",
]


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_is_merged_stock_peft_loads_all_of_it(
    data: st.DataObject, make: Make, tiny_base: Path
) -> None:
    folders = []
    for number in range(data.draw(st.integers(1, 3), label="inputs")):
        targets = data.draw(st.sampled_from(_TARGETS), label="targets")
        options: dict[str, Any] = {
            "target_modules": targets,
            "r": data.draw(st.sampled_from([1, 2, 4])),
            "use_rslora": data.draw(st.booleans()),
            "rank_pattern": data.draw(st.sampled_from([{}, {"q_proj": 3}, {"layers.1.self_attn.q_proj": 1}])),
            "alpha_pattern": data.draw(st.sampled_from([{}, {"q_proj": 5.5}])),
            "lora_bias": "embed_tokens" not in targets and data.draw(st.booleans()),
        }
        folders.append(make(number, **options))
    method = data.draw(st.sampled_from(sorted(MERGE_METHODS)))
    weights = [data.draw(st.sampled_from([0.5, -1.0, 1.0, 2.0])) for _ in folders]
    target = folders[0].parent / f"merged{len(list(folders[0].parent.iterdir()))}"
    try:
        merged(folders, weights, target, method=method, rank=data.draw(st.sampled_from([None, 2, 6])))
    except AdapterError as error:
        assert "PEFT has no adapter with both" in error.message
        assert not target.exists()
        return
    model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(tiny_base), target)
    found = model.load_adapter(str(target), "again")
    assert not found.unexpected_keys
    assert not [name for name in found.missing_keys if "lora_" in name]
    held = load_file(target / "adapter_model.safetensors")
    assert all(bool(torch.isfinite(tensor).all()) for tensor in held.values())


def test_a_bias_of_one_input_reaches_all_modules(make: Make, tmp_path: Path) -> None:
    folders = [make(1, lora_bias=True), make(2, target_modules=["v_proj"])]
    target, _ = merged(folders, [1.0, 1.0], tmp_path / "out", method="cat")
    held = load_file(target / "adapter_model.safetensors")
    biases = {name: bool(tensor.any()) for name, tensor in held.items() if name.endswith("lora_B.bias")}
    assert len(biases) == len([name for name in held if name.endswith("lora_B.weight")])
    assert {name.split(".")[-3]: used for name, used in biases.items()} == {
        "q_proj": True,
        "down_proj": True,
        "v_proj": False,
    }


def test_what_stock_peft_would_not_load_is_not_written(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from codebase_gardener.merging import torch_files

    config = torch_files._config
    for wrong in ({"target_modules": ["q_proj"]}, {"r": 3, "rank_pattern": {}}, {"lora_bias": True}):
        monkeypatch.setattr(torch_files, "_config", lambda *given, wrong=wrong: {**config(*given), **wrong})
        with pytest.raises(AdapterError, match="PEFT cannot load the merged adapter"):
            merged([make(1), make(2)], [1.0, 1.0], tmp_path / "out", method="cat")
        assert not (tmp_path / "out").exists()


def test_adapters_that_name_different_bases_are_refused(
    make: Make, tmp_path: Path, tiny_base: Path, make_base: Callable[..., Path]
) -> None:
    def named(folder: Path, base: str) -> Path:
        copy = Path(shutil.copytree(folder, tmp_path / f"{folder.parent.name}-{len(base)}"))
        path = copy / "adapter_config.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "base_model_name_or_path": base}))
        return copy

    ours, other = make(1), named(make(2), str(make_base(seed=1)))
    with pytest.raises(AdapterError, match="name different bases"):
        merged([ours, other], [1.0, 1.0], tmp_path / "out", method="cat")
    with pytest.raises(AdapterError, match="name different bases") as caught:
        merged([ours, named(make(3), "nobody/nowhere")], [1.0, 1.0], tmp_path / "out", method="cat")
    assert "--base" in caught.value.hint
    assert not (tmp_path / "out").exists()
    copied = shutil.copytree(tiny_base, tmp_path / "the same base elsewhere")
    merged([ours, named(make(4), str(copied))], [1.0, 1.0], tmp_path / "out", method="cat")
