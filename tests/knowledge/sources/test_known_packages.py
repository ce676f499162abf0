"""Which packages a repository has to do with."""

from codebase_gardener.knowledge.sources.known_packages import known_packages
from samples.written_context import context_of


def test_what_only_documents_import_is_known_where_a_manifest_has_it() -> None:
    shown = "import b\nimport yaml\nimport clay\nfrom django_pots import Pot\n\nb.install(clay.new(), yaml, Pot)\n"
    files = {
        "pyproject.toml": """
            [project]
            name = "kiln"
            dependencies = ["PyYAML"]
            [dependency-groups]
            docs = ["django-pots"]
            """,
        "kiln/__init__.py": "import glaze\n",
        "tests/sample.py": "import b\nimport a\n",
        "tests/test_kiln.py": "import b2\nimport paint\n\n\ndef test_it():\n    paint.all()\n",
        "README.md": f"# Kiln\n\n```python\n{shown}```\n",
    }
    assert known_packages(context_of(files).repository) == {"django_pots", "glaze", "paint", "yaml"}
