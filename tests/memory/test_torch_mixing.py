"""The memory in logits, and the memory of a snapshot without what is held out."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from codebase_gardener.bases.torch_loading import load_tokenizer
from codebase_gardener.memory.building import build_memory, kept_memory
from codebase_gardener.memory.recall import Memory
from codebase_gardener.memory.suffixes import Suffixes
from codebase_gardener.memory.torch_mixing import mixed, mixed_losses
from codebase_gardener.repository.snapshot import take_snapshot


def test_mixed_logits_are_probabilities_with_the_shares_added() -> None:
    memory = Memory(Suffixes.build([[1, 2, 3, 1, 2, 4]]))
    logits = torch.randn(2, 6, generator=torch.Generator().manual_seed(0))
    contexts = [[1, 2], [5]]  # the second was never seen
    found = mixed(logits, contexts, memory).exp()
    alone = torch.softmax(logits, -1)
    assert found.sum(-1).tolist() == pytest.approx([1, 1], abs=1e-6)
    assert torch.equal(found[1], torch.log_softmax(logits, -1)[1].exp())
    recalled = memory.recall([1, 2], 1 - float(alone[0].max()))
    expected = alone[0].double() * recalled.rest
    expected[torch.from_numpy(recalled.tokens)] += torch.from_numpy(recalled.shares)
    assert found[0].tolist() == pytest.approx(expected.tolist(), abs=1e-6)


@pytest.mark.parametrize("spread", [0.5, 6.0])
def test_losses_of_single_tokens_are_those_of_the_mixture(spread: float) -> None:
    drawn = torch.Generator().manual_seed(1)
    files = torch.randint(0, 6, (4, 50), generator=drawn).tolist()
    memory = Memory(Suffixes.build(files))
    contexts = [files[n % 4][: n % 47 + 1] for n in range(400)] + [[9], [9]]  # the last two were never seen
    logits = torch.randn(len(contexts), 10, generator=drawn) * spread
    logits[5:40] = logits[5:40].round()  # of equal ones the first is the most likely
    labels = [n % 10 for n in range(len(contexts))]
    best, ids = logits.max(-1)
    above = -torch.log_softmax(logits, -1).amax(-1)
    losses, hits = mixed_losses(logits, labels, contexts, memory, best=(best, ids), above=above)
    logs = mixed(logits, contexts, memory)
    expected = -logs.gather(1, torch.tensor(labels)[:, None])[:, 0]
    torch.testing.assert_close(losses.float(), expected, atol=2e-6, rtol=1e-6)
    assert hits.tolist() == (logs.argmax(-1) == torch.tensor(labels)).tolist()
    assert hits.any()


def test_what_is_held_out_is_in_no_memory(small_repository: Path, tiny_base: Path) -> None:
    snapshot, tokenizer = take_snapshot(str(small_repository)), load_tokenizer(tiny_base)
    context = tokenizer('ValueError("kite', add_special_tokens=False)["input_ids"]

    def longest(memory: Memory) -> int:
        return max(seen.length for seen in memory.seen(context))

    assert longest(build_memory(snapshot, tokenizer)) == len(context)
    assert longest(build_memory(snapshot, tokenizer, without={"kite.py"})) < len(context)


def test_a_memory_is_kept_by_files_and_base(small_repository: Path, tiny_base: Path, tmp_path: Path) -> None:
    tokenizer = load_tokenizer(tiny_base)
    first = kept_memory(tmp_path / "memory", take_snapshot(str(small_repository)), tokenizer)
    (folder,) = (tmp_path / "memory").iterdir()
    again = kept_memory(tmp_path / "memory", take_snapshot(str(small_repository)), tokenizer)
    assert again.suffixes.order.tolist() == first.suffixes.order.tolist()
    (folder / "order.npy").write_bytes(b"damaged")
    healed = kept_memory(tmp_path / "memory", take_snapshot(str(small_repository)), tokenizer)
    assert healed.suffixes.order.tolist() == first.suffixes.order.tolist()
    (small_repository / "new.py").write_text("def quite_new():\n    return 1\n")
    newer = kept_memory(tmp_path / "memory", take_snapshot(str(small_repository)), tokenizer)
    assert len(newer.suffixes) > len(first.suffixes)
    (newest,) = (tmp_path / "memory").iterdir()
    assert newest != folder
