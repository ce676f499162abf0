"""Packages that peft and transformers import because they are installed, though most processes never need them.

bitsandbytes, torchao and datasets (with pandas) take half of what these imports cost: 2.6 s of the processor here, and
120 MB. A process of our own leaves them out, as where they are not installed, until a quantized base asks for one.
"""

from __future__ import annotations

import sys
from importlib import reload

__all__ = ["bring_back", "leave_out"]

_LEFT_OUT = ("bitsandbytes", "torchao", "datasets")
_LOOKED_FOR_BY = ("transformers.utils.import_utils", "peft.import_utils", "accelerate.utils.imports")
_IMPORTED_BY = {
    "bitsandbytes": ("peft.helpers",),
    "torchao": ("transformers.quantizers.quantizer_torchao", "transformers.integrations.torchao"),
}


def leave_out() -> None:
    """To whoever imports them from now on they are not installed.

    For processes of our own only, before anything of theirs is imported: a program that uses this package as a library
    may want them.
    """
    for name in _LEFT_OUT:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # so Python says that a name is not to be found


def bring_back(name: str) -> None:
    """One of them is installed again, for modules that have looked for it in vain, too."""
    if name not in sys.modules or sys.modules[name] is not None:
        return
    del sys.modules[name]
    for module in filter(None, map(sys.modules.get, _LOOKED_FOR_BY)):
        for answer in vars(module).values():  # they remember what is installed
            if hasattr(answer, "cache_clear"):
                answer.cache_clear()
    for module in filter(None, map(sys.modules.get, _IMPORTED_BY.get(name, ()))):
        reload(module)
