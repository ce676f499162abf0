"""Regular expressions of strangers: tried in a process of their own, since `re` cannot be stopped.

PEFT matches `target_modules`, `rank_pattern` and the like with `re` against every module of the base: an expression
that backtracks without end would hang whoever loads the adapter.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable
from functools import lru_cache

__all__ = ["pattern_problem"]

_CPU_S = 2
_WALL_S = 60
_PLAIN = re.compile(r"[\w.-]*")  # a name: nothing in it repeats, so nothing backtracks
_PARTS = (
    "self_attn.q_proj",
    "self_attn.rotary_emb",
    "mlp.down_proj",
    "mlp.experts.17.gate_up_proj",
    "input_layernorm",
    "post_attention_layernorm",
    "attn.c_attn",
    "attention.query_key_value",
    "crossattention.self.value",
)
_NAMES = (
    "lm_head",
    "model.embed_tokens",
    "model.norm",
    "transformer.word_embeddings_layernorm",
    *(
        f"{stem}.{number}.{part}"
        for stem in ("model.layers", "transformer.h")
        for number in (0, 31)
        for part in _PARTS
    ),
    "model.language_model.encoder.decoder.layers.101.block_sparse_moe.experts.100.w1." + "a" * 40,
)
_TRY = """
import json, re, resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[1]),) * 2)
patterns, names = json.load(sys.stdin)
for number, pattern in enumerate(patterns):
    print(number, flush=True)
    whole, ends = re.compile(pattern), re.compile(r"(.*\\.)?(" + pattern + ")$")
    for name in names:
        whole.fullmatch(name), ends.match(name)
"""


def pattern_problem(patterns: Iterable[str], names: Iterable[str] = ()) -> str:
    """Why one of the expressions must not be matched against modules' names, or "".

    Args:
        patterns: As a config says them.
        names: Modules' names that are known; common ones are tried too.
    """
    for pattern in (odd := sorted({pattern for pattern in patterns if not _PLAIN.fullmatch(pattern)})):
        try:
            re.compile(pattern)
        except (re.error, RecursionError, OverflowError) as error:
            return f"{pattern[:80]!r} is no regular expression: {error}"
    return _slow(tuple(odd), tuple(sorted(set(names)))) if odd else ""


@lru_cache(maxsize=256)
def _slow(patterns: tuple[str, ...], names: tuple[str, ...]) -> str:
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _TRY, str(_CPU_S)],
            input=json.dumps([patterns, [*_NAMES, *names]]),
            capture_output=True,
            text=True,
            timeout=_WALL_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        printed = error.stdout or b""
        at = printed.decode() if isinstance(printed, bytes) else printed
    else:
        if done.returncode == 0:
            return ""
        at = done.stdout
    last = at.split()[-1:]
    return f"{patterns[int(last[0]) if last else 0][:80]!r} takes longer than {_CPU_S} s to match"
