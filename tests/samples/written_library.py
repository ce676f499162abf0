"""A small library with its documents, examples and tests."""

from __future__ import annotations

__all__ = ["LIBRARY"]

LIBRARY = {
    "pyproject.toml": '[project]\nname = "lib"\n[project.scripts]\nlib = "lib.core:main"\n',
    "README.md": """
    # Lib

    Call `make_model` first. LoRA is what LoRA does.

    ```python
    from transformers import AutoModel
    from lib import make_model, Model

    base = AutoModel.from_pretrained("x", dtype="float32")
    model = make_model(base)
    model.save("out")
    ```

    Then run:

    ```bash
    lib train --fast
    pip install lib
    other tool --x
    ```

    ## Again

    ```bash
    other tool --y
    ```
    """,
    "docs/api.rst": """
    API
    ===

    .. currentmodule:: lib

    .. autofunction:: make_model

    .. autoclass:: Model
       :members:
       :inherited-members:
    """,
    "lib/__init__.py": "from .core import Model, make_model, old\n__all__ = ['Model', 'make_model', 'old']\n",
    "lib/core.py": '''
    from abc import ABC, abstractmethod
    from lib._hidden import helper

    class Base(ABC):
        def save(self, path):
            """Save it.

            Args:
                path: Where.
            """
            return helper(path)

        def quiet(self):
            return 1

    class Model(Base):
        """A model.

        It has several lines.
        """
        def __init__(self, base, size=1): ...

        def run(self, x, *, mode):
            """Run it."""
            return x

        @classmethod
        def load(cls, path):
            """Load it."""
            return cls(path)

        def _secret(self): ...

    def make_model(base) -> Model:
        """Make a model from a base."""
        return Model(base)

    def old():
        """Deprecated: use make_model."""

    def inner_helper(x):
        return x

    def main(): ...
    ''',
    "lib/_hidden.py": 'def helper(x):\n    """Help."""\n    return x\n',
    "examples/own.py": """
    from transformers import AutoModel
    from lib import make_model
    from lib.core import Base

    class Mine(Base):
        pass

    make_model(AutoModel.from_pretrained("y"))
    """,
    "tests/test_it.py": """
    from lib import Model, make_model
    def test_run():
        make_model(1).run(2, mode=3)
    def test_load():
        Model.load("x")
    """,
}  # fmt: skip
