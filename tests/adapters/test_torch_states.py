"""Any order of loading, using, evicting, refusing, disabling, switching and merging gives what fresh stock PEFT gives.

`make soak` runs it for SOAK_MINUTES with new seeds; the suite runs some seconds with fixed ones.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from codebase_gardener.adapters.files import check_adapter_files
from codebase_gardener.adapters.handle import AdapterHandle
from codebase_gardener.adapters.loaded import LoadedAdapters
from codebase_gardener.adapters.torch_live_base import LiveBase
from codebase_gardener.bases.resolution import Base
from codebase_gardener.training.encoding import text_ids
from codebase_gardener.utils.error_handling import AdapterError, ConflictError, ResourceError
from samples.stock_adapters import IN_SLOTS, STOCK, TEXT, UNMERGEABLE, stock_logits, structure

STEPS = 30
TOLERANCE = {"float32": 1e-4, "bfloat16": 0.15}
DAMAGES: dict[str, dict[str, Any]] = {
    "a module's letters": {"modules_to_save": "lm_head"},
    "no such module": {"target_modules": ["c_attn"]},
    "another rank": {"r": 16},
    "trained tokens that are none": {"trainable_token_indices": [7]},
    "virtual tokens": {"peft_type": "PREFIX_TUNING"},
    "another kind": {"peft_type": "LOHA"},
}
kinds = st.sampled_from(list(STOCK))
seeds = st.integers(0, 1)


class Reference:
    """Folders of adapters, and what fresh stock PEFT models answer."""

    def __init__(self, base: Base, stock: Callable[..., Path], scratch: Path) -> None:
        self.base, self._stock, self._scratch = base, stock, scratch
        self._logits: dict[tuple[str, ...], torch.Tensor] = {}

    def folder(self, kind: str, seed: int) -> Path:
        return self._stock(self.base.path, kind, seed)

    def damaged(self, kind: str, damage: str) -> Path:
        folder = self._scratch / f"{kind}, {damage}"
        if not folder.exists():
            shutil.copytree(self.folder(kind, 0), folder)
            path = folder / "adapter_config.json"
            path.write_text(json.dumps({**json.loads(path.read_text()), **DAMAGES[damage]}))
        return folder

    def logits(self, dtype: str, kind: str = "", seed: int = 0) -> torch.Tensor:
        key = (dtype, kind, str(seed))
        if key not in self._logits:
            folder = self.folder(kind, seed) if kind else None
            self._logits[key] = stock_logits(self.base.path, folder, dtype)
        return self._logits[key]


class Adapters(RuleBasedStateMachine):
    """One base, a cache of three, adapters of every kind."""

    def __init__(self, reference: Reference) -> None:
        super().__init__()
        self.reference = reference

    @initialize(dtype=st.sampled_from(["float32", "bfloat16"]))
    def start(self, dtype: str) -> None:
        self.dtype = dtype
        self.loaded = LoadedAdapters(
            lambda _: self.reference.base,
            device="cpu",
            dtype=dtype,
            hashes=self.reference.base.path.parent / "folders.json",
            max_bytes=1 << 30,
            max_count=3,
        )
        self.bare = self.loaded.base_handle(self.reference.base)
        with self.bare.held() as live:
            self.live: LiveBase = live
        self.before = structure(self.live.base)
        self.models: dict[tuple[str, int], Any] = {}

    def handle(self, kind: str, seed: int) -> AdapterHandle:
        what = self.loaded.folder(self.reference.folder(kind, seed), self.reference.base)
        return self.loaded.handle(what, wait_s=0)

    def expect(self, found: torch.Tensor, kind: str = "", seed: int = 0) -> None:
        difference = float((found - self.reference.logits(self.dtype, kind, seed)).abs().max())
        exact = kind not in IN_SLOTS
        assert difference == 0 if exact else difference < TOLERANCE[self.dtype], (kind, seed, difference)

    @torch.no_grad()
    def answer(self, model: Any) -> torch.Tensor:
        ids = torch.tensor([text_ids(self.live.tokenizer, TEXT)])
        logits: torch.Tensor = model(input_ids=ids, use_cache=False).logits[0].float()
        return logits

    @rule(kind=kinds, seed=seeds)
    def use(self, kind: str, seed: int) -> None:
        self.expect(self.handle(kind, seed).logits(TEXT), kind, seed)

    @rule(kind=kinds, seed=seeds)
    def unload(self, kind: str, seed: int) -> None:
        self.loaded.unload(str(self.reference.folder(kind, seed)))

    @rule(kind=kinds, damage=st.sampled_from(list(DAMAGES)))
    def refuse(self, kind: str, damage: str) -> None:
        folder = self.reference.damaged(kind, damage)
        before = self.live.adapters
        try:
            with self.loaded.holding(self.loaded.folder(folder, self.reference.base)):
                pass
        except AdapterError:
            assert len(self.live.adapters) <= len(before)
        else:  # this kind has no such option
            self.loaded.unload(str(folder))

    @rule(kind=kinds, other=kinds, seed=seeds)
    def disable(self, kind: str, other: str, seed: int) -> None:
        with self.handle(kind, seed).held() as live, live.disabled() as model:
            self.expect(self.answer(model))
            self.expect(self.handle(other, 0).logits(TEXT), other)
            said = "".join(self.handle(other, 0).stream("f(", max_new_tokens=3))
            assert said == self.handle(other, 0).generate("f(", max_new_tokens=3)
            self.expect(self.answer(model))

    @rule(kind=kinds, other=kinds, seed=seeds)
    def merge(self, kind: str, other: str, seed: int) -> None:
        handle = self.handle(kind, seed)
        if kind in UNMERGEABLE:
            with pytest.raises(AdapterError), handle.merged():
                pass
            return
        with handle.merged() as model:
            difference = self.answer(model) - self.reference.logits(self.dtype, kind, seed)
            assert float(difference.abs().max()) < TOLERANCE[self.dtype], (kind, seed)
            self.expect(self.bare.logits(TEXT))
            self.expect(handle.logits(TEXT), kind, seed)
            self.expect(self.handle(other, seed).logits(TEXT), other, seed)

    @rule(kind=kinds, other=kinds, seed=seeds)
    def switch(self, kind: str, other: str, seed: int) -> None:
        with self.handle(kind, seed).held() as live:
            live.switch(self.handle(kind, seed).adapter_id)
            self.expect(self.answer(live.model), kind, seed)
            self.expect(self.handle(other, 0).logits(TEXT), other)
            self.expect(self.answer(live.model), kind, seed)
            live.switch(None)
        self.expect(self.answer(self.live.model))

    @rule(kind=kinds, other=kinds, seed=seeds)
    def swap(self, kind: str, other: str, seed: int) -> None:
        handle = self.handle(kind, seed)
        with handle.held() as live:
            name = str(handle.adapter_id)
            for now in (other, kind):
                live.swap(check_adapter_files(self.reference.folder(now, seed)), name)
                self.expect(handle.logits(TEXT), now, seed)

    @rule(chosen=st.lists(kinds, min_size=2, max_size=3, unique=True))
    def batch(self, chosen: list[str]) -> None:
        handles = [self.handle(kind, 0) for kind in chosen]
        prompts = [TEXT[: 6 + 5 * n] for n in range(len(chosen) + 1)]
        with handles[0].held() as live, handles[1].held(), handles[-1].held():
            names = [*(handle.adapter_id for handle in handles), None]
            together = live.generate_batch(prompts, names, max_new_tokens=3)
            assert len(together) == len(prompts)
            if self.dtype == "float32":
                alone = [live.generate(p, n, max_new_tokens=3) for p, n in zip(prompts, names, strict=True)]
                assert together == alone

    @rule(kind=kinds, seed=seeds)
    def take_a_model(self, kind: str, seed: int) -> None:
        if len(self.models) < 4:
            self.models[kind, seed] = self.handle(kind, seed).to_peft()

    @rule()
    def use_models(self) -> None:
        for (kind, seed), model in self.models.items():
            difference = self.answer(model) - self.reference.logits(self.dtype, kind, seed)
            assert float(difference.abs().max()) == 0

    @rule(chosen=st.lists(kinds, min_size=2, max_size=4, unique=True))
    def use_at_once(self, chosen: list[str]) -> None:
        found: list[tuple[str, torch.Tensor]] = []

        def ask(kind: str) -> None:
            for _ in range(2):
                try:
                    with self.handle(kind, 0).held() as live, live.using(self.handle(kind, 0).adapter_id):
                        found.append((kind, self.handle(kind, 0).logits(TEXT)))
                except ResourceError:  # four want one of three places
                    pass

        threads = [threading.Thread(target=ask, args=(kind,), daemon=True) for kind in chosen]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive(), "threads wait for one another"
        for kind, logits in found:
            self.expect(logits, kind)

    @rule(kind=kinds)
    def meddle(self, kind: str) -> None:
        handle = self.handle(kind, 0)
        with handle.held() as live, live.using(handle.adapter_id) as model:
            with pytest.raises(ConflictError):
                self.loaded.unload(str(self.reference.folder(kind, 0)))
            with pytest.raises(ConflictError):
                live.switch(None)
            self.expect(self.answer(model), kind)

    @invariant()
    def the_base_is_as_it_was(self) -> None:
        if hasattr(self, "live"):
            assert structure(self.live.base) == self.before
            self.expect(self.bare.logits(TEXT))
            usage = self.loaded.memory_usage()
            assert len(usage["loaded"]) <= 3
            assert sorted(usage["held"]) == sorted(usage["loaded"])

    def teardown(self) -> None:
        if hasattr(self, "loaded"):
            self.loaded.close()
            assert self.live.adapters == []
            assert structure(self.live.base) == self.before


@pytest.fixture
def reference(base: Base, stock: Callable[..., Path], tmp_path: Path) -> Reference:
    return Reference(base, stock, tmp_path)


def run(reference: Reference, **options: Any) -> None:
    checks = list(HealthCheck)
    chosen = settings(
        deadline=None, stateful_step_count=STEPS, suppress_health_check=checks, database=None, **options
    )
    run_state_machine_as_test(lambda: Adapters(reference), settings=chosen)


@pytest.mark.slow
def test_any_order_gives_what_stock_peft_gives(reference: Reference) -> None:
    run(reference, derandomize=True, max_examples=8)


@pytest.mark.slow
@pytest.mark.skipif("SOAK_MINUTES" not in os.environ, reason="make soak runs it")
@pytest.mark.timeout(0)
def test_soak(reference: Reference) -> None:
    end = time.monotonic() + 60 * float(os.environ["SOAK_MINUTES"])
    while time.monotonic() < end:
        run(reference, max_examples=10)
