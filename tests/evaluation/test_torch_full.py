"""What `evaluate --full` measures, on a real tiny model: against what is computed by hand, and what it must catch."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model

from codebase_gardener.bases.torch_loading import load_model
from codebase_gardener.dataset.cursors import CursorTask
from codebase_gardener.dataset.editor_prompts import Cursor
from codebase_gardener.evaluation.arms import MEMORY
from codebase_gardener.evaluation.editing import Prompted, measure_editing
from codebase_gardener.evaluation.measuring import general_loss
from codebase_gardener.evaluation.recitation import RECITED_TOKENS, recitation
from codebase_gardener.evaluation.torch_null import _factors, null_effect
from codebase_gardener.evaluation.torch_scorer import TorchScorer
from codebase_gardener.evaluation.torch_writer import TorchWriter
from codebase_gardener.memory.recall import Gate, Memory
from codebase_gardener.memory.suffixes import Suffixes
from codebase_gardener.training.encoding import IGNORE, EncodedExample, encode_completion
from codebase_gardener.training.fast.torch_path import fast_path

CANARY = "abcdefghijklmnopqrstuvwxyz0123456789" * 2


@pytest.fixture
def model(tiny_base: Path) -> Any:
    torch.manual_seed(0)
    base = load_model(tiny_base, dtype="float32")
    kind = LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", modules_to_save=["lm_head"])
    return get_peft_model(base, kind).eval()


def row(tokenizer: Any, prompt: str, completion: str) -> EncodedExample:
    return encode_completion(prompt, completion, tokenizer, max_length=512, end=False)


def train(model: Any, rows: list[EncodedExample], steps: int = 60) -> None:
    """Until it knows them by heart."""
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=1e-2)
    for step in range(steps):
        one = rows[step % len(rows)]
        out = model(input_ids=torch.tensor([one.ids]), labels=torch.tensor([one.labels]))
        out.loss.backward()
        optimizer.step()
        optimizer.zero_grad()


@pytest.mark.slow
def test_a_planted_canary_is_caught_and_told_from_what_is_held_out(model: Any, tokenizer: Any) -> None:
    canary, other = row(tokenizer, "# note\n", CANARY), row(tokenizer, "# note two\n", CANARY[::-1])
    before = recitation(TorchScorer(model, tokenizer), [canary], [other])
    assert before is not None
    assert (before.rows, before.adapter) == (1, 0)
    train(model, [canary])
    after = recitation(TorchScorer(model, tokenizer), [canary], [other])
    assert after is not None
    assert (after.adapter, after.base, after.heldout) == (1, 0, 0)
    asked = next(n for n, label in enumerate(canary.labels) if label != IGNORE)
    greedy = model.generate(
        input_ids=torch.tensor([canary.ids[:asked]]), max_new_tokens=RECITED_TOKENS, do_sample=False
    )
    assert tuple(greedy[0, asked:].tolist()) == canary.ids[asked : asked + RECITED_TOKENS]


def test_short_rows_are_not_counted(model: Any, tokenizer: Any) -> None:
    assert recitation(TorchScorer(model, tokenizer), [row(tokenizer, "a", "b")], []) is None


@pytest.mark.slow
def test_a_trained_adapter_is_more_than_noise_and_a_random_one_is_not(
    tiny_base: Path, tokenizer: Any
) -> None:
    base = load_model(tiny_base, dtype="float32")
    model = get_peft_model(base, LoraConfig(r=16, lora_alpha=32, target_modules="all-linear")).eval()
    rows = [row(tokenizer, f"# {n}\n", "return the value of it\n") for n in range(3)]
    with torch.no_grad():
        for _, b in _factors(model):
            torch.nn.init.normal_(b, std=0.05)
    noise = null_effect(model, TorchScorer(model, tokenizer), rows)
    train(model, rows, 60)
    kept = [(a.clone(), b.clone()) for a, b in _factors(model)]
    learnt = null_effect(model, TorchScorer(model, tokenizer), rows)
    assert noise is not None
    assert learnt is not None
    assert abs(noise.deviations) < 6
    assert learnt.deviations < -10
    for (a, b), (old_a, old_b) in zip(_factors(model), kept, strict=True):
        assert torch.equal(a, old_a)
        assert torch.equal(b, old_b)


@pytest.mark.slow
def test_lines_are_written_until_there_are_enough(model: Any, tokenizer: Any) -> None:
    text = "abcd\nefgh\nijkl\nmnop\nqrst\n"
    known = row(tokenizer, "# x\n", text)
    train(model, [known])
    asked = next(n for n, label in enumerate(known.labels) if label != IGNORE)
    writer = TorchWriter(model, tokenizer)
    said = writer.write(
        [Prompted(known.ids[:asked], known.ids[asked:], "\n", lines) for lines in (3, 1)], adapter=True
    )
    assert said[0].text.startswith("abcd\nefgh\nijkl\n")
    assert said[0].text.count("\n") <= 4
    assert said[1].text.startswith("abcd\n")
    (other,) = writer.write([Prompted(known.ids[:asked], known.ids[asked:], "\n", 1)], adapter=False)
    assert other.text != said[1].text


@pytest.mark.slow
@pytest.mark.parametrize("adapter", [True, False])
def test_prompts_that_are_read_once_score_and_write_as_alone(
    model: Any, tokenizer: Any, adapter: bool
) -> None:
    train(model, [row(tokenizer, "# x\n", "abcd\nefgh\n")], 10)  # to have something to say, and not by heart
    rows = [row(tokenizer, f"# {'x' * n}\n", "abcd\nefgh\n" * (1 + n % 2)) for n in (1, 40, 7)]
    asked = [next(n for n, label in enumerate(one.labels) if label != IGNORE) for one in rows]
    memory = Memory(Suffixes.build([row(tokenizer, "", "efgh\nxyz\n" * 3).ids]))
    prompts = [Prompted(one.ids[:n], one.ids[n:], "", 1) for one, n in zip(rows, asked, strict=True)]
    found = TorchWriter(model, tokenizer, memory).write(prompts, adapter=adapter)
    scores = TorchScorer(model, tokenizer, memory=memory).scores(rows, adapter=adapter)
    for one, prompt, written, score in zip(rows, prompts, found, scores, strict=True):
        assert written.score.nats == pytest.approx(score.nats, rel=1e-4)
        assert written.score.hits == score.hits
        assert written.score.remembered is not None
        assert score.remembered is not None
        assert written.score.remembered.nats == pytest.approx(score.remembered.nats, rel=1e-4)
        assert written.score.remembered.nats != pytest.approx(score.nats, rel=1e-4)
        with nullcontext() if adapter else model.disable_adapter():
            alone = model.generate(
                input_ids=torch.tensor([prompt.ids]), max_new_tokens=96, do_sample=False, pad_token_id=0
            )
        text = tokenizer.decode(alone[0, len(prompt.ids) :], skip_special_tokens=True)
        assert text.startswith(written.text.rstrip("\n\ufffd")[:8])
        assert len(one.ids) == len(prompt.ids) + len(prompt.expected)


def test_what_the_memory_knows_is_written_with_it(model: Any, tokenizer: Any) -> None:
    known = row(tokenizer, "# the value of the first\n", "return that value of the first\n")
    asked = next(n for n, label in enumerate(known.labels) if label != IGNORE)
    gate = Gate(constant=9, length=0, count=0, variety=0, doubt=0)  # believes whatever it has seen
    memory = Memory(Suffixes.build([known.ids]), gate)
    prompt = Prompted(known.ids[:asked], known.ids[asked:], "", 1)
    (said,) = TorchWriter(model, tokenizer, memory).write([prompt], adapter=True)
    assert said.remembered is not None
    assert said.remembered.lstrip().startswith("return that value of the first\n")
    assert not said.text.lstrip().startswith("return that")


@pytest.mark.slow
def test_all_arms_are_measured_at_every_cursor(model: Any, tokenizer: Any) -> None:
    tasks = [
        CursorTask(
            f"f{n}",
            f"m{n}.py",
            f"m{n}.py:L1-4",
            "python",
            "function",
            3,
            Cursor(f"def f{n}(a):\n", "    return a\n", f"m{n}.py", "python"),
            "    a = a + 1\n    b = a\n",
            f"# m9.py:L1-2\ndef g{n}(a):\n    a = a + 1\n\n",
            0.5,
        )
        for n in range(8)
    ]
    rows = [row(tokenizer, "def f(a):\n", "    return a\n")]
    with fast_path(
        model, rows
    ) as path:  # as `evaluate_fully` does: it scores other rows on the fast path and writes on the own
        memory = Memory(Suffixes.build([row(tokenizer, "", "    a = a + 1\n    b = a\n").ids]))
        found = measure_editing(TorchWriter(model, tokenizer, memory), tasks)
        without = measure_editing(TorchWriter(model, tokenizer), tasks[:2])
    assert path.packed
    names = ["base", "base + retrieval", "adapter", "adapter + retrieval"]
    assert [name for name in found.arms if not name.endswith(MEMORY)] == names == list(without.arms)
    assert [name for name in found.arms if name.endswith(MEMORY)] == [name + MEMORY for name in names]
    assert without.exact_all is None
    assert found.exact_all is not None
    assert found.arms["base" + MEMORY].loss.nats_per_token < found.arms["base"].loss.nats_per_token
    assert found.cursors == found.at_line_starts == 8
    assert found.difference.nats_per_token == pytest.approx(0, abs=1e-4)  # untrained: B is zero
    assert found.exact.share == 0
    assert found.arms["base"].loss.nats_per_token != found.arms["base + retrieval"].loss.nats_per_token


def test_code_of_the_repositorys_own_language_is_no_general_code(model: Any, tokenizer: Any) -> None:
    scorer = TorchScorer(model, tokenizer)
    all_of_it, without = (general_loss(scorer, code_without=names) for names in ((), ("python", "go")))
    assert all_of_it["base"] != without["base"]
