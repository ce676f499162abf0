"""The OpenAPI document, and what schemathesis makes of it against a real server."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from serving.conftest import Running

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)
CALLS = 15  # of each operation, in each phase


def test_schemas_have_names_for_clients(running: Running) -> None:
    text = httpx2.get(f"{running.url}/openapi.json").text
    schemas = json.loads(text)["components"]["schemas"]
    bodies = {"ChatBody", "ChatTurn", "CompletionBody", "FillInBody", "TextPart"}
    assert set(schemas) == {*bodies, "ErrorBody", "ErrorDetail"}
    assert {schema["title"] for schema in schemas.values()} == set(schemas)
    assert all(schema["description"] for schema in schemas.values())
    assert "/_" not in text


@pytest.mark.slow
def test_whatever_the_document_allows_is_no_error_of_the_server(running: Running, tmp_path: Path) -> None:
    document = httpx2.get(f"{running.url}/openapi.json").json()
    assert {"/health", "/v1/models", "/v1/models/{name}", "/v1/completions", "/v1/chat/completions"} <= set(
        document["paths"]
    )
    for schema in document["components"]["schemas"].values():
        fields = schema["properties"]
        if "model" in fields:  # or each answer is that there is no such model
            fields["model"] = {"enum": ["geometry", "geometry/other:bare", "nothing"]}
            fields["max_tokens"] = {"type": "integer", "minimum": -1, "maximum": 4}
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(document))
    options = {
        "--url": running.url,
        "--checks": ",".join(CHECKS),
        "--phases": "examples,coverage,fuzzing",
        "--max-examples": str(CALLS),
        "--seed": "1",
    }
    command = [sys.executable, "-m", "schemathesis.cli", "run", str(file)]
    command += [word for option in options.items() for word in option]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
