"""Arms measured on a real tiny model: equal to what is computed by hand, one function at a time."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch.nn.functional import cross_entropy

from codebase_gardener.bases.torch_loading import load_model
from codebase_gardener.cli.figures import verdict_lines
from codebase_gardener.dataset.heldout import HeldoutFunction
from codebase_gardener.dataset.user_rows import user_dataset
from codebase_gardener.dataset.writer import write_dataset
from codebase_gardener.evaluation.arms import MEMORY
from codebase_gardener.evaluation.measuring import (
    _encoded,
    general_loss,
    measure_arms,
    measure_fill_in,
    measured_verdict,
)
from codebase_gardener.evaluation.torch_evaluate import evaluate_adapter
from codebase_gardener.evaluation.torch_scorer import TorchScorer
from codebase_gardener.evaluation.verdict import VERDICTS, judge
from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.jobs.torch_run import run_job
from codebase_gardener.memory.recall import Memory
from codebase_gardener.memory.suffixes import Suffixes
from codebase_gardener.memory.torch_mixing import mixed
from codebase_gardener.utils.error_handling import DatasetError

FUNCTIONS = [
    HeldoutFunction(
        "area", "a.py", "a.py:L1-3", "def area(w, h):\n", "# see\ndef area(w, h):\n", "    return w * h\n"
    ),
    HeldoutFunction(
        "two", "b.py", "b.py:L1-4", "def two():\n", "def two():\n", "\n    x = 1\n    return x\n"
    ),
    HeldoutFunction(
        "é", "b.py", "b.py:L6-7", 'def é():\n    """Ü."""\n', "# long " * 30 + "\ndef é():\n", "    pass\n"
    ),
]


@pytest.fixture
def model(tiny_base: Path) -> Any:
    torch.manual_seed(0)
    base = load_model(tiny_base, dtype="float32")
    return get_peft_model(base, LoraConfig(target_modules="all-linear", init_lora_weights=False)).eval()


@torch.no_grad()
def by_hand(
    model: Any, tokenizer: Any, prompt: str, completion: str, adapter: bool
) -> tuple[float, int, list[bool]]:
    """The newline that ends the prompt is asked for too; the end token is not."""
    before = tokenizer(prompt.removesuffix("\n"), add_special_tokens=False)["input_ids"]
    after = tokenizer("\n" + completion, add_special_tokens=False)["input_ids"]
    ids = torch.tensor([before + after])
    if adapter:
        logits = model(input_ids=ids).logits[0]
    else:
        with model.disable_adapter():
            logits = model(input_ids=ids).logits[0]
    predicted = logits[len(before) - 1 : -1].float()
    nats = cross_entropy(predicted, torch.tensor(after), reduction="sum")
    return float(nats), len(after), (predicted.argmax(-1) == torch.tensor(after)).tolist()


def test_the_verdict_keeps_each_function_of_the_arms_that_decide(model: Any, tokenizer: Any) -> None:
    scorer = TorchScorer(model, tokenizer)
    kept, measured = measured_verdict(scorer, FUNCTIONS).functions, measure_arms(scorer, FUNCTIONS)
    assert kept is not None
    assert [one.anchor for one in kept] == [function.anchor for function in FUNCTIONS]
    for one, base, adapter in zip(
        kept, measured["base + retrieval"], measured["adapter + retrieval"], strict=True
    ):
        assert one.tokens == adapter.tokens
        assert (one.base, one.adapter) == (
            pytest.approx(base.nats / base.tokens),
            pytest.approx(adapter.nats / adapter.tokens),
        )


def test_every_arm_is_what_is_computed_by_hand(model: Any, tokenizer: Any) -> None:
    measured = measure_arms(TorchScorer(model, tokenizer), FUNCTIONS)
    for name, adapter, field in (
        ("base", False, "prompt"),
        ("base + retrieval", False, "prompt_with_context"),
        ("adapter", True, "prompt"),
        ("adapter + retrieval", True, "prompt_with_context"),
    ):
        for function, found in zip(FUNCTIONS, measured[name], strict=True):
            nats, tokens, _ = by_hand(
                model, tokenizer, getattr(function, field), function.completion, adapter
            )
            assert found.nats == pytest.approx(nats, abs=1e-3)
            assert found.tokens == tokens
            assert found.bytes == len(function.completion.encode())
            assert found.path == function.path
    assert measured["adapter"][0].nats != measured["base"][0].nats


CHAIN = {":": "\n", "\n": "a", "a": "b", "b": "c", "c": "\n"}


@pytest.fixture
def speller(tiny_base: Path, tokenizer: Any) -> Any:
    """A model that knows of each character in CHAIN which one follows, and nothing else."""
    model = load_model(tiny_base, dtype="float32")
    with torch.no_grad():
        for layer in model.model.layers:
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
        model.lm_head.weight.zero_()
        for one, next_one in CHAIN.items():
            here, there = (tokenizer(c, add_special_tokens=False)["input_ids"][0] for c in (one, next_one))
            vector = model.model.embed_tokens.weight[here]
            model.lm_head.weight[there] += 10 * vector / vector.norm()
    return get_peft_model(model, LoraConfig(target_modules="all-linear")).eval()


@pytest.mark.parametrize(
    ("completion", "hit"),
    [("abc\n", True), ("abc", True), ("abd\n", False), ("abc\nno more", True), ("xabc\n", False)],
)
def test_the_next_line_is_hit_where_greedy_decoding_gives_all_of_it(
    completion: str, hit: bool, speller: Any, tokenizer: Any
) -> None:
    function = HeldoutFunction("f", "f.py", "f.py:L1-2", "def f():\n", "def f():\n", completion)
    for rows in measure_arms(TorchScorer(speller, tokenizer), [function]).values():
        assert rows[0].next_line == hit


def test_what_comes_after_the_first_line_does_not_count_for_it(model: Any, tokenizer: Any) -> None:
    from codebase_gardener.evaluation.measuring import _first_line_tokens
    from codebase_gardener.training.encoding import encode_completion

    def covered(completion: str) -> str:
        row = encode_completion("def f():\n", completion, tokenizer, max_length=512, end=False)
        count = _first_line_tokens(row, tokenizer)
        return str(tokenizer.decode([label for label in row.labels if label >= 0][:count]))

    assert covered("    return 1\n    more\n") == "\n    return 1\n"
    assert covered("\n\n    x = 1\n    y\n") == "\n\n\n    x = 1\n"
    assert covered("    return 1") == "\n    return 1"


def test_both_models_see_the_same_cut_prompt(model: Any, tokenizer: Any) -> None:
    long = replace(FUNCTIONS[0], prompt="x" * 400 + "\n")
    measured = measure_arms(TorchScorer(model, tokenizer), [long], max_length=64)
    assert measured["base"][0].tokens == measured["adapter"][0].tokens == len(long.completion) + 1


def test_a_long_body_is_cut_at_the_same_token_in_all_arms(model: Any, tokenizer: Any) -> None:
    body = "    x = 1\n" * 20
    long = HeldoutFunction("f", "f.py", "f.py:L1-9", "def f():\n", "# c\n" * 9 + "def f():\n", body)
    rows = [found[0] for found in measure_arms(TorchScorer(model, tokenizer), [long], max_length=64).values()]
    assert {row.tokens for row in rows} == {48}  # three quarters, as behind the longer prompt
    assert {row.bytes for row in rows} == {48}  # the tiny base's tokens are bytes
    assert _encoded(long, tokenizer, 64)[0].truncated


def test_batches_change_nothing(model: Any, tokenizer: Any) -> None:
    many = FUNCTIONS * 5
    together = measure_arms(TorchScorer(model, tokenizer), many)
    alone = measure_arms(TorchScorer(model, tokenizer), FUNCTIONS[:1])
    for name, rows in together.items():
        assert rows[0].nats == pytest.approx(alone[name][0].nats, abs=1e-3)
        assert rows[3].nats == pytest.approx(rows[0].nats, abs=1e-3)


def test_arms_with_the_memory_are_of_the_same_logits(model: Any, tokenizer: Any) -> None:
    files = ["    return w * h\n" * 3, "x = 1\nreturn x\n"]
    memory = Memory(Suffixes.build([tokenizer(text)["input_ids"] for text in files]))
    plain = measure_arms(TorchScorer(model, tokenizer), FUNCTIONS)
    measured = measure_arms(TorchScorer(model, tokenizer, memory=memory), FUNCTIONS)
    assert {name: measured[name] for name in plain} == plain
    assert set(measured) - set(plain) == {name + MEMORY for name in plain}
    row = _encoded(FUNCTIONS[0], tokenizer, 768)[0]
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([row.ids])).logits[0, -row.supervised - 1 : -1]
    begin = len(row.ids) - row.supervised
    logs = mixed(logits, [row.ids[: begin + n] for n in range(row.supervised)], memory)
    nats = -sum(float(logs[n, row.ids[begin + n]]) for n in range(row.supervised))
    assert measured["adapter + memory"][0].nats == pytest.approx(nats, abs=1e-3)
    assert nats < measured["adapter"][0].nats
    verdict, without = (judge(arms, {"base": 1.0, "adapter": 1.0}) for arms in (measured, plain))
    assert (verdict.word, verdict.difference) == (without.word, without.difference)  # it decides nothing
    assert without.memory is None and "memory" not in without.as_dict()
    assert verdict.memory is not None and verdict.memory["base"].nats_per_token < 0
    assert verdict_lines(verdict.as_dict())[-1].startswith("Memory of the repository: ")


def test_progress_counts_all_arms(model: Any, tokenizer: Any) -> None:
    seen: list[tuple[int, int]] = []
    measure_arms(
        TorchScorer(model, tokenizer), FUNCTIONS, progress=lambda done, total: seen.append((done, total))
    )
    assert seen[-1] == (12, 12)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_general_text_is_measured_with_the_adapter_off_and_on(model: Any, tokenizer: Any) -> None:
    found = general_loss(TorchScorer(model, tokenizer))
    assert set(found) == {"base", "adapter"}
    assert found["base"] != found["adapter"]
    assert all(0 < value < math.log(257) * 2 for value in found.values())


WITH_MIDDLES = [
    replace(FUNCTIONS[0], fim=("def area(w, h):\n    return ", "w", " * h\n")),
    FUNCTIONS[1],
    replace(
        FUNCTIONS[2],
        prompt_with_context=f"# see é\n\n{FUNCTIONS[2].prompt}",
        fim=('def é():\n    """Ü."""\n', "    pass\n", "x = é\n"),
    ),
]


def test_middles_are_measured_from_both_sides_behind_retrieved_code(model: Any, tokenizer: Any) -> None:
    measured = measure_fill_in(TorchScorer(model, tokenizer), WITH_MIDDLES)
    assert list(measured) == ["base", "adapter"]
    prompts = (
        "# see\n# what follows:\n# |  * h\n\ndef area(w, h):\n    return",
        '# see é\n\n# what follows:\n# | x = é\n\ndef é():\n    """Ü."""',
    )
    for adapter, name in enumerate(measured):
        for prompt, said, found in zip(prompts, (" w", "\n    pass\n"), measured[name], strict=True):
            ids = tokenizer(prompt + said, add_special_tokens=False)["input_ids"]
            with nullcontext() if adapter else model.disable_adapter(), torch.no_grad():
                logits = model(input_ids=torch.tensor([ids])).logits[0].float()
            count = len(tokenizer(said, add_special_tokens=False)["input_ids"])
            nats = cross_entropy(logits[-count - 1 : -1], torch.tensor(ids[-count:]), reduction="sum")
            assert (found.nats, found.tokens) == (pytest.approx(float(nats), abs=1e-3), count)


def test_middles_change_no_arm_and_do_not_decide(model: Any, tokenizer: Any) -> None:
    with_middles, without = (
        measure_arms(TorchScorer(model, tokenizer), rows)
        for rows in (WITH_MIDDLES, [replace(row, fim=()) for row in WITH_MIDDLES])
    )
    assert with_middles == without
    fill_in = measure_fill_in(TorchScorer(model, tokenizer), WITH_MIDDLES)
    assert measure_fill_in(TorchScorer(model, tokenizer), FUNCTIONS) == {}
    general = {"base": 1.0, "adapter": 1.0}
    verdict, plain = judge(without, general, fill_in), judge(without, general, {})
    assert replace(verdict, fill_in=None) == plain and "fill_in" not in plain.as_dict()
    assert verdict.as_dict()["fill_in"]["arms"]["adapter"]["functions"] == 2
    assert any("Fill-in (middles of 2 bodies" in line for line in verdict_lines(verdict.as_dict()))


WITH_PAGES = [replace(one, prompt_with_pages=f"# a page\n{one.prompt}") for one in FUNCTIONS]


def test_pages_are_measured_on_the_base_alone_where_they_bring_nothing(model: Any, tokenizer: Any) -> None:
    measured = measure_arms(TorchScorer(model, tokenizer), WITH_PAGES)
    assert list(measured) == [
        "base",
        "base + retrieval",
        "base + retrieval + wiki",
        "adapter",
        "adapter + retrieval",
    ]
    code = measure_arms(TorchScorer(model, tokenizer), FUNCTIONS)
    for name, rows in code.items():  # three functions decide nothing: the adapter's arm has code alone
        assert [row.nats for row in measured[name]] == pytest.approx([row.nats for row in rows], abs=1e-3)
    for function, found in zip(WITH_PAGES, measured["base + retrieval + wiki"], strict=True):
        nats, tokens, _ = by_hand(model, tokenizer, function.prompt_with_pages, function.completion, False)
        assert (found.nats, found.tokens) == (pytest.approx(nats, abs=1e-3), tokens)


def test_where_pages_help_the_base_the_adapter_has_them_too(speller: Any, tokenizer: Any) -> None:
    prompts = {"prompt": "def f():\n", "prompt_with_context": "xxxx", "prompt_with_pages": "def f():\n"}
    function = HeldoutFunction("f", "f.py", "f.py:L1-2", **prompts, completion="abc\n")
    measured = measure_arms(
        TorchScorer(speller, tokenizer), [replace(function, path=f"{n}.py") for n in range(8)]
    )
    verdict = judge(measured, {"base": 1.0, "adapter": 1.0})
    assert verdict.wiki is not None and verdict.wiki.kept
    pages = [row.nats for row in measured["base + retrieval + wiki"]]
    assert [row.nats for row in measured["adapter + retrieval"]] == pytest.approx(pages, abs=1e-3)
    assert measured["base + retrieval"][0].nats > pages[0]


def test_rows_of_ones_own_have_no_pages_and_are_measured_all_the_same(model: Any, tokenizer: Any) -> None:
    measured = measure_arms(TorchScorer(model, tokenizer), [WITH_PAGES[0], FUNCTIONS[1]])
    for name in ("base + retrieval", "base + retrieval + wiki"):
        nats, _, _ = by_hand(
            model, tokenizer, FUNCTIONS[1].prompt_with_context, FUNCTIONS[1].completion, False
        )
        assert measured[name][1].nats == pytest.approx(nats, abs=1e-3)


@pytest.mark.slow
def test_an_adapter_is_judged_on_what_was_held_out(
    make_job: Callable[..., JobDirectory], tiny_base: Path
) -> None:
    rows = [{"prompt": f"f({n}) = ", "completion": f"{n * n}"} for n in range(100, 160)]
    directory = make_job(rows=rows, steps=20, learning_rate=0.02, max_epochs=4)
    run_job(directory, "demo/default@1")
    verdict = evaluate_adapter(
        directory.artifact, directory.spec.base, directory.spec.dataset, device="cpu", limit=5
    )
    assert verdict.word in VERDICTS
    assert verdict.arms["base"].functions == 5
    assert verdict.arms["adapter"].nats_per_token < verdict.arms["base"].nats_per_token
    assert verdict.difference.low <= verdict.difference.nats_per_token <= verdict.difference.high


def test_nothing_held_out_is_told(make_job: Callable[..., JobDirectory], tmp_path: Path) -> None:
    directory = make_job()
    few = user_dataset([{"prompt": "a = ", "completion": "1"}])
    write_dataset(few, tmp_path / "few")
    with pytest.raises(DatasetError, match="nothing was held out") as caught:
        evaluate_adapter(directory.artifact, directory.spec.base, tmp_path / "few", device="cpu", limit=5)
    assert caught.value.hint
