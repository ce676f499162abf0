"""Slots against stock PEFT: the same logits, whatever is loaded, switched, swapped, merged or mixed."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import GloraConfig, IA3Config, LoHaConfig, LoraConfig, PeftModel, get_peft_model
from transformers import (
    AutoModelForCausalLM,
    GPT2Config,
    GPT2LMHeadModel,
    StoppingCriteria,
    StoppingCriteriaList,
)

from codebase_gardener.adapters.files import check_adapter_files
from codebase_gardener.adapters.torch_generation import encode
from codebase_gardener.adapters.torch_live_base import LiveBase
from codebase_gardener.adapters.torch_slots import SlotTable
from codebase_gardener.bases.torch_loading import load_model
from codebase_gardener.utils.error_handling import (
    AdapterError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
)

TEXT = "def area(w, h):\n    return"
KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "rank 8": {"r": 8, "lora_alpha": 4},
    "rslora": {"r": 6, "use_rslora": True},
    "patterns": {"rank_pattern": {"q_proj": 2, "down_proj": 7}, "alpha_pattern": {"q_proj": 5}},
    "two modules": {"target_modules": ["q_proj", "v_proj"]},
    "one layer": {"target_modules": ["q_proj", "up_proj"], "layers_to_transform": [1]},
    "without some": {"exclude_modules": ["k_proj"]},
    "a regular expression": {"target_modules": r".*\.layers\.0\..*(q|up)_proj"},
    "bias": {"lora_bias": True},
}
OF_PEFT: dict[str, dict[str, Any]] = {
    "dora": {"use_dora": True},
    "saved module": {"modules_to_save": ["lm_head"]},
    "embedding": {"target_modules": ["embed_tokens", "q_proj"]},
}


@pytest.fixture(scope="session")
def made(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Folder of an adapter that PEFT has made with random factors."""
    made: dict[str, Path] = {}

    def make(kind: str, seed: int = 0, dtype: str = "float32") -> Path:
        key = f"{kind} {seed} {dtype}"
        if key not in made:
            torch.manual_seed(seed)
            model = load_model(tiny_base, dtype="float32")
            options = {"r": 4, "lora_alpha": 8, "target_modules": "all-linear", **{**KINDS, **OF_PEFT}[kind]}
            peft = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", **options))
            for name, parameter in peft.named_parameters():
                if "lora_" in name and "magnitude" not in name:
                    parameter.data.normal_(std=0.2)
                if "modules_to_save" in name:
                    parameter.data.add_(torch.randn_like(parameter) * 0.1)
            if dtype == "bfloat16":
                peft.to(torch.bfloat16)
            folder = tmp_path_factory.mktemp("made")
            peft.save_pretrained(folder)
            made[key] = folder
        return made[key]

    return make


@pytest.fixture
def live(tiny_base: Path) -> LiveBase:
    return LiveBase(tiny_base, device="cpu", dtype="float32")


def attach(live: LiveBase, folder: Path, name: str) -> None:
    live.attach(check_adapter_files(folder), name)


@torch.no_grad()
def by_peft(tiny_base: Path, folder: Path, text: str = TEXT) -> torch.Tensor:
    """What stock PEFT computes."""
    live = LiveBase(tiny_base, device="cpu", dtype="float32")
    model = PeftModel.from_pretrained(load_model(tiny_base, dtype="float32"), str(folder)).eval()
    ids = torch.tensor([encode(live.tokenizer, text)[0]])
    logits: torch.Tensor = model(input_ids=ids).logits[0]
    return logits


@pytest.mark.parametrize("kind", KINDS)
def test_a_slot_gives_what_peft_gives(
    kind: str, live: LiveBase, made: Callable[..., Path], tiny_base: Path
) -> None:
    bare = live.logits(TEXT, None)
    attach(live, made(kind), "a")
    assert live.state()["adapters"]["a"]["held"] == "slot"
    found = live.logits(TEXT, "a")
    assert torch.allclose(found, by_peft(tiny_base, made(kind)), atol=1e-5)
    assert not torch.allclose(found, bare, atol=1e-2)
    assert torch.equal(live.logits(TEXT, None), bare)
    live.detach("a")
    assert torch.equal(live.logits(TEXT, None), bare)
    assert {type(m).__name__ for m in live.base.modules() if "Linear" in type(m).__name__} == {"Linear"}


@pytest.mark.parametrize("kind", OF_PEFT)
def test_what_slots_do_not_carry_goes_through_peft_beside_them(
    kind: str, live: LiveBase, made: Callable[..., Path], tiny_base: Path
) -> None:
    bare = live.logits(TEXT, None)
    attach(live, made("plain"), "slot")
    attach(live, made(kind), "other")
    assert live.state()["adapters"]["other"]["held"] == "peft"
    for _ in range(2):
        assert torch.allclose(live.logits(TEXT, "slot"), by_peft(tiny_base, made("plain")), atol=1e-5)
        assert torch.allclose(live.logits(TEXT, "other"), by_peft(tiny_base, made(kind)), atol=1e-5)
        assert torch.equal(live.logits(TEXT, None), bare)
    live.detach("other")
    assert torch.allclose(live.logits(TEXT, "slot"), by_peft(tiny_base, made("plain")), atol=1e-5)
    live.detach("slot")
    assert torch.equal(live.logits(TEXT, None), bare)


def test_factors_of_16_bit_count_as_peft_counts_them(
    live: LiveBase, made: Callable[..., Path], tiny_base: Path
) -> None:
    folder = made("plain", 0, "bfloat16")
    attach(live, folder, "a")
    assert torch.allclose(live.logits(TEXT, "a"), by_peft(tiny_base, folder), atol=1e-5)


def test_a_base_in_16_bit_computes_with_the_factors_as_peft_does(
    made: Callable[..., Path], tiny_base: Path
) -> None:
    live = LiveBase(tiny_base, device="cpu", dtype="bfloat16")
    attach(live, made("plain"), "a")
    in_slot = live.logits(TEXT, "a")
    model = live.to_peft("a")
    with torch.no_grad():
        ids = torch.tensor([encode(live.tokenizer, TEXT)[0]])
        assert torch.allclose(in_slot, model(input_ids=ids).logits[0].float(), atol=0.05)


def test_switch_disable_and_state(live: LiveBase, made: Callable[..., Path]) -> None:
    attach(live, made("plain"), "a")
    attach(live, made("rank 8"), "b")
    ids = torch.tensor([encode(live.tokenizer, TEXT)[0]])
    assert live.active is None

    @torch.no_grad()
    def answer() -> torch.Tensor:
        logits: torch.Tensor = live.base(input_ids=ids, use_cache=False).logits[0]
        return logits

    bare = answer()
    for name in ("a", "b", "a", None):
        live.switch(name)
        assert live.state()["active"] == name
        assert torch.equal(answer(), live.logits(TEXT, name))
    live.switch("b")
    with live.disabled():
        assert torch.equal(answer(), bare)
        with live.using("a"):
            assert torch.equal(answer(), live.logits(TEXT, "a"))
        assert torch.equal(answer(), bare)
    assert torch.equal(answer(), live.logits(TEXT, "b"))
    live.detach("b")
    assert live.active is None
    assert torch.equal(answer(), bare)
    with pytest.raises(NotFoundError, match="b is not loaded"):
        live.switch("b")
    with pytest.raises(ConflictError, match="a is loaded already"):
        attach(live, made("rslora"), "a")


@pytest.mark.parametrize("kind", ["plain", "bias", "dora"])
def test_merged_and_back_out_bit_for_bit(kind: str, live: LiveBase, made: Callable[..., Path]) -> None:
    attach(live, made(kind), "a")
    before = {name: p.clone() for name, p in live.base.state_dict().items()}
    addresses = {name: p.data_ptr() for name, p in live.base.named_parameters()}
    on = live.logits(TEXT, "a")
    ids = torch.tensor([encode(live.tokenizer, TEXT)[0]])
    with live.merged("a") as model, torch.no_grad():
        merged = model(input_ids=ids, use_cache=False).logits[0]
    assert torch.allclose(merged, on, atol=1e-4)
    assert torch.equal(live.logits(TEXT, "a"), on)
    after = live.base.state_dict()
    assert set(after) == set(before)
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())
    assert {name: p.data_ptr() for name, p in live.base.named_parameters()} == addresses


def test_a_merge_that_fails_leaves_the_weights(live: LiveBase, made: Callable[..., Path]) -> None:
    attach(live, made("plain"), "a")
    bare = live.logits(TEXT, None)
    with pytest.raises(ZeroDivisionError), live.merged("a"):
        raise ZeroDivisionError
    assert torch.equal(live.logits(TEXT, None), bare)


@pytest.mark.parametrize(("first", "second", "same_memory"), [
    ("plain", "plain", True),
    ("rank 8", "plain", True),
    ("rank 8", "patterns", True),
    ("plain", "rank 8", False),
    ("plain", "two modules", False),
    ("plain", "dora", False),
    ("dora", "plain", False),
])  # fmt: skip
def test_a_swap_gives_the_new_adapter(
    first: str,
    second: str,
    same_memory: bool,
    live: LiveBase,
    made: Callable[..., Path],
    tiny_base: Path,
) -> None:
    attach(live, made(first), "a")
    attach(live, made("rslora"), "b")
    live.switch("a")
    assert live.swap(check_adapter_files(made(second, seed=1)), "a") == same_memory
    assert live.active == "a"
    assert torch.allclose(live.logits(TEXT, "a"), by_peft(tiny_base, made(second, seed=1)), atol=1e-5)
    assert torch.allclose(live.logits(TEXT, "b"), by_peft(tiny_base, made("rslora")), atol=1e-5)
    if first != "plain" or second != "plain":
        live.swap(check_adapter_files(made(first)), "a")  # and back
        assert torch.allclose(live.logits(TEXT, "a"), by_peft(tiny_base, made(first)), atol=1e-5)


def test_a_swap_that_does_not_fit_leaves_the_old_one(
    live: LiveBase, made: Callable[..., Path], make_base: Callable[..., Path], tmp_path: Path
) -> None:
    attach(live, made("plain"), "a")
    before = live.logits(TEXT, "a")
    other = load_model(make_base(hidden_size=48), dtype="float32")
    peft = get_peft_model(other, LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM"))
    for name, parameter in peft.named_parameters():
        if "lora_B" in name:
            parameter.data.normal_()
    peft.save_pretrained(tmp_path)
    with pytest.raises(AdapterError, match="does not fit this base"):
        live.swap(check_adapter_files(tmp_path), "a")
    assert torch.equal(live.logits(TEXT, "a"), before)


def test_each_row_of_a_batch_has_its_own_adapter(live: LiveBase, made: Callable[..., Path]) -> None:
    kinds = ["plain", "rank 8", "rslora", "bias", "two modules"]
    for kind in kinds:
        attach(live, made(kind), kind)
    rows = [*kinds, None, "plain", "rank 8"]
    ids = torch.tensor([encode(live.tokenizer, TEXT)[0]])
    with live.using_rows(rows) as model, torch.no_grad():
        together = model(input_ids=ids.repeat(len(rows), 1), use_cache=False).logits
        doubled = model(input_ids=ids.repeat(2 * len(rows), 1), use_cache=False).logits
    for number, name in enumerate(rows):
        alone = live.logits(TEXT, name)
        assert torch.allclose(together[number], alone, atol=1e-5), name
    assert torch.allclose(doubled[::2], together, atol=1e-5)  # as beams come: neighbours of one row


def test_a_mixed_batch_says_what_each_row_says_alone(live: LiveBase, made: Callable[..., Path]) -> None:
    for kind in ("plain", "rank 8", "dora", "saved module"):
        attach(live, made(kind), kind)
    rows = ["plain", None, "dora", "rank 8", "saved module", "plain", "dora"]
    prompts = [TEXT[: 5 + 3 * number] for number in range(len(rows))]
    together = live.generate_batch(prompts, rows, max_new_tokens=6)
    assert together == [
        live.generate(prompt, name, max_new_tokens=6) for prompt, name in zip(prompts, rows, strict=True)
    ]
    with pytest.raises(AdapterError, match="dora are held by PEFT"), live.using_rows(["plain", "dora"]):
        pass
    with pytest.raises(InvalidInputError, match="2 prompts and 1 adapters"):
        live.generate_batch(prompts[:2], ["plain"])


def test_kinds_that_peft_does_not_mix_share_a_base(
    live: LiveBase, made: Callable[..., Path], tiny_base: Path, tmp_path: Path
) -> None:
    """IA3, LoHa and LoRA: PEFT holds one kind at a time."""
    kinds: dict[str, Any] = {
        "glora": GloraConfig(task_type="CAUSAL_LM", target_modules=["q_proj"], r=4),
        "ia3": IA3Config(task_type="CAUSAL_LM", target_modules=["k_proj", "v_proj"], feedforward_modules=[]),
        "loha": LoHaConfig(task_type="CAUSAL_LM", target_modules=["q_proj", "up_proj"], r=4),
    }
    for name, config in kinds.items():
        torch.manual_seed(0)
        peft = get_peft_model(load_model(tiny_base, dtype="float32"), config)
        for parameter in peft.parameters():
            if parameter.requires_grad:
                parameter.data.normal_(mean=1.0, std=0.3)
        peft.save_pretrained(tmp_path / name)
    attach(live, made("plain"), "slot")
    for name in kinds:
        attach(live, tmp_path / name, name)
    expected = {name: by_peft(tiny_base, tmp_path / name) for name in kinds}
    expected["slot"] = by_peft(tiny_base, made("plain"))
    bare = live.logits(TEXT, None)
    for name in ("ia3", "glora", "slot", "loha", "slot", "ia3", "glora"):
        assert torch.allclose(live.logits(TEXT, name), expected[name], atol=1e-4), name
        assert torch.equal(live.logits(TEXT, None), bare)
    assert {held["type"] for held in live.state()["adapters"].values()} == {"GLORA", "IA3", "LOHA", "LORA"}
    for name in ("loha", "glora", "ia3", "slot"):
        live.detach(name)
    assert torch.equal(live.logits(TEXT, None), bare)


def test_a_layer_whose_forward_is_hooked_is_left_to_peft(live: LiveBase, made: Callable[..., Path]) -> None:
    """As accelerate does for offloading: the class's forward is not called then."""
    layer = live.base.model.layers[0].self_attn.q_proj
    layer.forward = layer.forward
    hooked = SlotTable(live.base, "cpu")
    assert hooked.carries(check_adapter_files(made("plain"))) is None


@pytest.mark.parametrize("value", [7, [["q_proj"]], "(", {"q": 1}])
def test_targets_that_are_none_are_an_error_of_the_adapter(
    value: Any, live: LiveBase, made: Callable[..., Path], tmp_path: Path
) -> None:
    folder = tmp_path / "odd"
    shutil.copytree(made("plain"), folder)
    config = json.loads((folder / "adapter_config.json").read_text())
    (folder / "adapter_config.json").write_text(json.dumps({**config, "target_modules": value}))
    with pytest.raises(AdapterError):
        attach(live, folder, "odd")
    assert live.adapters == []


def test_what_is_in_use_stays(live: LiveBase, made: Callable[..., Path]) -> None:
    attach(live, made("plain"), "a")
    attach(live, made("rank 8"), "b")

    class Meddle(StoppingCriteria):  # type: ignore[misc]  # transformers is untyped
        def __init__(self, deed: Callable[[], Any]) -> None:
            self.deed = deed

        def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:
            with pytest.raises(ConflictError) as caught:
                self.deed()
            said.append(caught.value.message)
            return torch.zeros(len(input_ids), dtype=torch.bool)

    said: list[str] = []
    expected = live.generate(TEXT, "a", max_new_tokens=4)
    for deed in (
        lambda: live.switch("b"),
        lambda: live.detach("a"),
        lambda: live.swap(check_adapter_files(made("rslora")), "a"),
    ):
        criteria = StoppingCriteriaList([Meddle(deed)])
        assert live.generate(TEXT, "a", max_new_tokens=4, stopping_criteria=criteria) == expected
    assert set(said) == {"a is in use"}

    inside, done = threading.Event(), threading.Event()

    def hold() -> None:
        with live.using("a"):
            inside.set()
            done.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    inside.wait(10)
    with pytest.raises(ConflictError, match="generating in another thread"):
        live.switch("b")
    done.set()
    thread.join()
    live.switch("b")


def test_streamed_is_what_is_generated(live: LiveBase, made: Callable[..., Path]) -> None:
    attach(live, made("plain"), "a")
    whole = live.generate(TEXT, "a", max_new_tokens=24)
    assert "".join(live.stream(TEXT, "a", max_new_tokens=24)) == whole
    stop = whole[8:11]
    expected = whole[: whole.index(stop)]
    assert live.generate(TEXT, "a", max_new_tokens=24, stop=(stop,)) == expected
    assert "".join(live.stream(TEXT, "a", max_new_tokens=24, stop=stop)) == expected
    pieces = live.stream(TEXT, "a", max_new_tokens=400)
    next(pieces)
    pieces.close()  # type: ignore[attr-defined]  # a generator
    live.switch("a")  # nothing is generating any more
    with pytest.raises(NotFoundError, match="nobody is not loaded"):
        list(live.stream(TEXT, "nobody"))


def test_drawing_follows_the_seed(live: LiveBase, made: Callable[..., Path]) -> None:
    attach(live, made("plain"), "a")
    options: dict[str, Any] = {"max_new_tokens": 12, "temperature": 1.5, "top_p": 0.9, "top_k": 50}
    one = live.generate(TEXT, "a", seed=1, **options)
    assert one == live.generate(TEXT, "a", seed=1, **options)
    assert one != live.generate(TEXT, "a", seed=2, **options)


@pytest.mark.parametrize(
    "option", [{"temperature": -1}, {"top_p": 0}, {"top_k": -1}, {"max_new_tokens": 0}, {"stop": ("",)}]
)
def test_options_that_cannot_be_right(option: dict[str, Any], live: LiveBase) -> None:
    with pytest.raises(InvalidInputError, match=next(iter(option))):
        live.generate(TEXT, None, **option)


def test_what_cannot_be_generated_is_invalid_input(live: LiveBase) -> None:
    for prompt, option in (
        ("", {}),
        (TEXT, {"max_token": 3}),
        (TEXT, {"num_return_sequences": 2, "do_sample": True}),
    ):
        with pytest.raises(InvalidInputError):
            live.generate(prompt, None, **option)
        if "num_return_sequences" not in option:
            with pytest.raises(InvalidInputError):
                list(live.stream(prompt, None, **option))


def test_a_swap_to_a_lower_rank_is_told(live: LiveBase, made: Callable[..., Path]) -> None:
    attach(live, made("rank 8"), "a")
    live.swap(check_adapter_files(made("plain")), "a")
    assert live.state()["adapters"]["a"]["rank"] == 4


def test_layers_of_gpt2_have_slots_too(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = GPT2LMHeadModel(GPT2Config(vocab_size=64, n_embd=32, n_layer=2, n_head=2)).eval()
    model.save_pretrained(tmp_path / "base")
    peft = get_peft_model(
        model,
        LoraConfig(r=4, target_modules=["c_attn", "c_proj"], fan_in_fan_out=True, task_type="CAUSAL_LM"),
    )
    for name, parameter in peft.named_parameters():
        if "lora_" in name:
            parameter.data.normal_(std=0.2)
    peft.save_pretrained(tmp_path / "adapter")
    ids = torch.arange(10)[None]
    fresh = AutoModelForCausalLM.from_pretrained(tmp_path / "base").eval()
    table = SlotTable(fresh, "cpu")
    files = check_adapter_files(tmp_path / "adapter")
    names = table.carries(files)
    assert names is not None
    table.load(files, names, "a")
    table.put_in_effect("a")
    with torch.no_grad():
        expected = peft(input_ids=ids).logits
        assert torch.allclose(fresh(input_ids=ids).logits, expected, atol=1e-5)
        plain = AutoModelForCausalLM.from_pretrained(tmp_path / "base").eval()
        table.merge_into(plain, "a")
        assert torch.allclose(plain(input_ids=ids).logits, expected, atol=1e-4)


@pytest.mark.slow
def test_a_swap_needs_no_new_compilation(live: LiveBase, made: Callable[..., Path]) -> None:
    attach(live, made("rank 8"), "a")
    live.switch("a")
    ids = torch.tensor([encode(live.tokenizer, TEXT)[0]])
    compiled = torch.compile(live.base)
    with torch.no_grad():
        first = compiled(input_ids=ids, use_cache=False).logits[0]
        assert torch.allclose(first, live.logits(TEXT, "a"), atol=1e-4)
        with torch.compiler.set_stance("fail_on_recompile"):
            assert live.swap(check_adapter_files(made("patterns")), "a")
            second = compiled(input_ids=ids, use_cache=False).logits[0]
    assert torch.allclose(second, live.logits(TEXT, "a"), atol=1e-4)
    assert not torch.allclose(first, second, atol=1e-2)
