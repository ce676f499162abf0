"""Functions of tensors compiled once by torch.compile, kept on disk, and loaded in milliseconds by later processes.

A compiled function is found by what it was compiled for: source, torch, processor, formats, ranks and the sizes that
do not vary. The folder is torch's own cache of compiled code (`TORCHINDUCTOR_CACHE_DIR`), which holds programs anyway:
whoever can write there can run code as this user.
"""

from __future__ import annotations

import hashlib
import inspect
import logging
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.fx.experimental import _config as config

from codebase_gardener.utils.error_handling import CodebaseGardenerError
from codebase_gardener.utils.files import write_atomic

__all__ = ["can_compile", "compile_kernels", "kernel", "uncompiled"]

_log = logging.getLogger(__name__)
_Function = TypeVar("_Function", bound=Callable[..., Any])

_KNOWN = 8192  # sizes remembered


class _State:
    active = False
    # a process has one of each
    compiled: dict[tuple[Any, ...], Callable[..., Any]] = {}  # noqa: RUF012
    # by exact sizes, when torch's own checks of the arguments have passed once: they cost as much as a small kernel
    known: dict[tuple[Any, ...], Callable[..., Any]] = {}  # noqa: RUF012
    failed: set[str] = set()  # noqa: RUF012


def can_compile() -> str:
    """Why functions cannot be compiled here, or ""."""
    from torch._inductor.cpp_builder import get_cpp_compiler
    from torch._inductor.runtime.cache_dir_utils import cache_dir

    try:
        get_cpp_compiler()
        folder = Path(cache_dir())
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = folder.stat().st_uid
    except Exception as error:  # torch has several for a compiler that is not there or does not run
        return f"no C++ compiler, or no folder for what it makes: {error!r}"
    if hasattr(os, "getuid") and owner != os.getuid():
        return f"{folder}, which holds programs, belongs to somebody else"
    return ""


def compile_kernels(active: bool) -> bool:
    """Whether functions marked by `kernel` are compiled from now on. Returns whether they were until now."""
    before, _State.active = _State.active, active
    return before


def uncompiled() -> tuple[str, ...]:
    """Names of functions that could not be compiled in this process; the log says why."""
    return tuple(sorted(_State.failed))


def kernel(varying: Mapping[int, tuple[int, ...]]) -> Callable[[_Function], _Function]:
    """Mark a function of tensors and constants as one to compile.

    Args:
        varying: By rank of a tensor, which of its dimensions differ from call to call.

    The function is no part of autograd: its tensors are detached, and its results have no history.
    """

    def mark(function: _Function) -> _Function:
        @wraps(function)
        def call(*args: Any) -> Any:
            if not _State.active:
                return function(*args)
            # What is compiled depends on both.
            if torch.is_grad_enabled() or torch.is_autocast_enabled("cpu"):
                with torch.no_grad(), torch.autocast("cpu", enabled=False):
                    return call(*args)
            args = tuple(arg.detach() if isinstance(arg, Tensor) else arg for arg in args)
            exact = (function, torch.get_num_threads(), *(_exact(arg) for arg in args))
            known = _State.known.get(exact)
            if known is not None:
                return known(*args)
            signature = (function, torch.get_num_threads(), *_signature(args, varying))
            compiled = _State.compiled.get(signature)
            if compiled is None:
                compiled = _State.compiled[signature] = _compiled_or_plain(function, args, varying)
            try:
                result = compiled(*args)
            except RuntimeError as error:
                if "GuardManager" not in str(error):  # how torch 2.13 says: compiled for other arguments
                    raise
                _State.compiled[signature] = _plain(function, error)
                return function(*args)
            if len(_State.known) >= _KNOWN:
                _State.known.clear()
            _State.known[exact] = getattr(compiled, "fn", compiled)
            return result

        return call  # type: ignore[return-value]

    return mark


def _exact(arg: Any) -> Any:
    return (arg.dtype, arg.device, arg.shape, arg.stride()) if isinstance(arg, Tensor) else arg


def _signature(args: tuple[Any, ...], varying: Mapping[int, tuple[int, ...]]) -> tuple[Any, ...]:
    """What a compiled function depends on: of sizes that vary, only whether they are 1."""
    parts: list[Any] = []
    for arg in args:
        if not isinstance(arg, Tensor):
            parts.append(arg)
            continue
        dims = varying.get(arg.dim(), ())
        sizes = [-1 if dim in dims and size != 1 else size for dim, size in enumerate(arg.shape)]
        parts.append((arg.dtype, arg.device, arg.is_contiguous(), *sizes))
    return tuple(parts)


def _varying_sizes(arg: Any, varying: Mapping[int, tuple[int, ...]]) -> list[int]:
    return [arg.shape[dim] for dim in varying.get(arg.dim(), ())] if isinstance(arg, Tensor) else []


def _compiled_or_plain(
    function: Callable[..., Any], args: tuple[Any, ...], varying: Mapping[int, tuple[int, ...]]
) -> Callable[..., Any]:
    """The function as it is where it cannot be compiled: slower, and the log says why."""
    if any(size == 1 for arg in args for size in _varying_sizes(arg, varying)):
        return function  # torch compiles anew for a size of 1, which takes longer than a few rows of one token do
    try:
        return _compiled(function, args, varying)
    except Exception as error:  # whatever a compiler, a full disk or torch makes of it
        return _plain(function, error)


def _plain(function: _Function, error: Exception) -> _Function:
    _log.warning("%s runs uncompiled: %r", function.__name__, error)
    _State.failed.add(function.__name__)
    return function


def _compiled(
    function: Callable[..., Any], args: tuple[Any, ...], varying: Mapping[int, tuple[int, ...]]
) -> Callable[..., Any]:
    """From disk, or compiled and put there."""
    from torch._inductor import config as inductor

    file = _file(function, args, varying)
    if file.exists():
        try:
            # torch would build and run programs to see which vector instructions work: it did when the file was made,
            # on a processor like this one.
            with inductor.patch({"cpp.vec_isa_ok": True}), file.open("rb") as stream:
                loaded: Callable[..., Any] = torch.compiler.load_compiled_function(stream)
        except Exception as error:  # pickled by another version, or cut short: made anew
            _log.warning("%s is made anew: %r", file, error)
        else:
            return loaded
    for arg in args:
        if isinstance(arg, Tensor):
            for dim in varying.get(arg.dim(), ()):
                torch._dynamo.maybe_mark_dynamic(arg, dim)
    made: Any = torch.compile(function, fullgraph=True)
    # Sizes that are equal now need not be so the next time; one that is fixed is not to vary since another was seen.
    equal_by_chance = config.patch(use_duck_shape=False)  # type: ignore[attr-defined]  # put there when torch is imported
    with equal_by_chance, torch._dynamo.config.patch(automatic_dynamic_shapes=False):
        made = made.aot_compile((args, {}))
    try:
        with tempfile.TemporaryDirectory() as folder:
            made.save_compiled_function(f"{folder}/made")
            write_atomic(file, Path(folder, "made").read_bytes())  # another process may be making the same
    except (OSError, CodebaseGardenerError) as error:
        _log.warning("%s is compiled for this process only: %r", function.__name__, error)
    result: Callable[..., Any] = made
    return result


def _processor() -> str:
    """What the compiler makes code for (-march=native)."""
    info = Path("/proc/cpuinfo")
    if not info.exists():
        return f"{platform.machine()} {platform.processor()}"
    lines = info.read_text().splitlines()
    return next((line for line in lines if line.startswith(("flags", "Features"))), platform.machine())


def _file(
    function: Callable[..., Any], args: tuple[Any, ...], varying: Mapping[int, tuple[int, ...]]
) -> Path:
    from torch._inductor.runtime.cache_dir_utils import cache_dir

    made_of = (
        inspect.getsource(inspect.getmodule(function)),  # type: ignore[arg-type]  # a function of a module
        inspect.getsource(sys.modules[__name__]),
        function.__name__,
        torch.__version__,
        sys.version_info[:2],
        _processor(),
        torch.get_num_threads(),
        _signature(args, varying),
    )
    return Path(cache_dir()) / "gardener" / f"{hashlib.sha256(repr(made_of).encode()).hexdigest()[:32]}.aot"
