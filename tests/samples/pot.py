"""A small package with options, a helper in its tests, and a decorator."""

__all__ = ["PACKAGE"]

PACKAGE = {
    "pot/__init__.py": "from .core import Config, boil, lazy, make\n",
    "pot/core.py": """
        import torch
        from transformers import PreTrainedModel
        from dataclasses import dataclass, field

        @dataclass
        class Config:
            heat: float = field(default=1.0, metadata={"help": "Consider a lower value, it is slower but never burns."})
            lid: bool = field(default=False, metadata={"help": "You should use it to save memory, but it is slower."})

        def make(config: Config) -> PreTrainedModel:
            return torch.load(config)

        def boil(pot, config):
            return pot

        def lazy(function):
            def wrapper():
                return function()
            return wrapper
    """,
    "tests/test_pot.py": """
        from pot import Config, boil, lazy, make

        def pot():
            return make(Config())

        def test_heat():
            boil(pot(), Config(heat=2.0))

        def test_own():
            boil(make(Config(heat=1.0)), Config())

        def test_lazy():
            later = lazy(test_heat)
            later()
    """,
}
