"""What an Implementation page is about: one API, chosen or used by a workflow."""

from __future__ import annotations

from dataclasses import dataclass

from codebase_gardener.knowledge.links.uses import Target
from codebase_gardener.knowledge.pages.implementation_layout import called_name
from codebase_gardener.languages.symbols import Symbol

__all__ = ["Api"]


@dataclass(frozen=True)
class Api:
    """An API that gets a page.

    Attributes:
        target: What it is.
        symbol: Its definition; None for what comes from outside.
        kind: One of `IMPLEMENTATION_KINDS`.
        import_statement: How a user gets it: "from peft import get_peft_model".
        call: How it is written: "get_peft_model(model, peft_config)", "PeftModel.from_pretrained(...)".
        page: Name of its page, without owner_repo: "LoraConfig_init", "PeftModel_save_pretrained".
        principle: Name of its principle's page: "LoRA_Configuration".
        score: Rank among all, higher is more important.
        reasons: Why it was chosen, with figures: "exported by src/peft/__init__.py", "used in 12 tests".
    """

    target: Target
    symbol: Symbol | None
    kind: str
    import_statement: str
    call: str
    page: str
    principle: str
    score: float = 0.0
    reasons: tuple[str, ...] = ()

    @property
    def called(self) -> str:
        """What is called, without arguments: "PeftModel.save_pretrained"."""
        return called_name(self.call, self.symbol.qualified_name if self.symbol else "")
