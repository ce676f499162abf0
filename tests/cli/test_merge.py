"""`merge`, `import`, `prove`, `switch`, `disable` on random adapters of the tiny base."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from codebase_gardener.utils.names import parse_ref

from .conftest import TINY_TRAINING, Cli

pytestmark = pytest.mark.slow


@pytest.fixture
def cli(tmp_path: Path, tiny_base: Path) -> Cli:
    return Cli(tmp_path / "home", **{**TINY_TRAINING, "CODEBASE_GARDENER_BASE": str(tiny_base)})


@pytest.fixture(scope="module")
def folders(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    def write(seed: int) -> Path:
        torch.manual_seed(seed)
        model = AutoModelForCausalLM.from_pretrained(tiny_base, dtype=torch.float32)
        peft = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", r=4, target_modules=["q_proj"]))
        for parameter in peft.parameters():
            if parameter.requires_grad:
                parameter.data.normal_(std=0.2)
        folder = tmp_path_factory.mktemp("mine") / f"adapter{seed}"
        peft.save_pretrained(folder)
        return folder

    return [write(1), write(2)]


@pytest.fixture(scope="module")
def home_of_two(tiny_base: Path, folders: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    cli = Cli(tmp_path_factory.mktemp("two") / "home", CODEBASE_GARDENER_BASE=str(tiny_base), **TINY_TRAINING)
    for number, folder in enumerate(folders, start=1):
        cli("import", folder, "--as", f"demo/a{number}").ok()
    return cli.home


@pytest.fixture
def imported(cli: Cli, home_of_two: Path) -> None:
    """A copy of a home, which names nothing by its own place, with both adapters."""
    shutil.copytree(home_of_two, cli.home)


def test_an_imported_adapter_is_proven_and_listed(cli: Cli, folders: list[Path]) -> None:
    result = cli("import", folders[0], "--as", "demo/a1").ok()
    assert "demo/a1@1 is ready: 4 of 4 tensors found their module" in result.out
    shown = cli("adapters", "show", "demo/a1", "--json").json
    assert shown["active"]
    assert shown["receipts"][0]["data"]["max_logit_difference"] > 0
    proven = cli("prove", "demo/a1", "--json").ok().json
    assert proven["adapter"] == "demo/a1@1"
    assert cli("prove", folders[0], "--json").json["receipt"]["tensors_matched"] > 0


def test_what_does_not_fit_leaves_nothing(cli: Cli, folders: list[Path], tmp_path: Path) -> None:
    cli("import", tmp_path, "--as", "demo/a1").failed(3, "adapter_config.json")
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    for file in folders[0].iterdir():
        (damaged / file.name).write_bytes(file.read_bytes())
    weights = damaged / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:200])
    cli("import", damaged, "--as", "demo/a1").failed(7, "damaged")
    config = json.loads((folders[0] / "adapter_config.json").read_text())
    (damaged / "adapter_config.json").write_text(json.dumps({**config, "r": 8}))
    weights.write_bytes((folders[0] / "adapter_model.safetensors").read_bytes())
    cli("import", damaged, "--as", "demo/a1").failed(7)
    for text in ("[1]", '{"training": "x"}', "{"):
        (damaged / "gardener.json").write_text(text)
        cli("import", damaged, "--as", "demo/a1").failed(7, "gardener.json")
    (damaged / "gardener.json").unlink()
    (damaged / "adapter_config.json").write_text(json.dumps({**config, "alpha_pattern": {"(": 4}}))
    cli("import", damaged, "--as", "demo/a1").failed(7, "alpha_pattern")
    cli("adapters", "show", "~nobody-of-this-name/x").failed(3)
    assert cli("projects", "--json").json == []  # none is left of those that were made for it
    assert cli("adapters", "list", "--json").json == []
    assert not list((cli.home / "projects").rglob("adapter_model.safetensors"))


def test_merge_into_the_registry(cli: Cli, imported: None) -> None:
    result = cli(
        "merge", "demo/a1", "demo/a2", "--weights", "0.7,-0.3", "--method", "cat", "--into", "demo/both"
    ).ok()
    assert "Adapter: demo/both@1" in result.out
    shown = cli("adapters", "show", "demo/both", "--json").json
    report = next(receipt["data"] for receipt in shown["receipts"] if receipt["kind"] == "merge")
    assert report["error"] < 1e-6
    assert [entry["adapter"] for entry in report["inputs"]] == ["demo/a1@1", "demo/a2@1"]
    again = cli("merge", "demo/a1", "demo/a2", "--rank", "2", "--into", "demo/both", "--json").ok().json
    assert again["adapter"] == "demo/both@2"
    assert again["report"]["error"] > 1e-3


def test_merge_to_a_folder(cli: Cli, folders: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = cli("merge", *folders, "--out", out).ok()
    assert "a higher --rank lowers it" in result.out
    assert (out / "adapter_model.safetensors").exists()
    assert json.loads((out / "gardener.json").read_text())["merge"]["spec"]["method"] == "svd"
    cli("merge", *folders, "--out", out).failed(2, "exists")
    cli("import", out, "--as", "demo/merged").ok()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], 2, ["--into P/N or --out DIR"]),
        (["--into", "demo/x", "--out", "x"], 2, ["--into P/N or --out DIR"]),
        (["--into", "demo/x", "--weights", "1"], 2, ["1 weights for 2 adapters"]),
        (["--into", "demo/x", "--weights", "a,b"], 2, ["not numbers"]),
        (["--into", "demo/x", "--method", "poetry"], 2, ["poetry", "dare_ties"]),
        (["--into", "demo/x", "--density", "2"], 2, ["density"]),
        (["--into", "demo/x@3"], 2, ["names a version"]),
        (["--into", "../x"], 2, []),
    ],
)
def test_requests_that_cannot_be_right(
    arguments: list[str], code: int, words: list[str], cli: Cli, folders: list[Path]
) -> None:
    cli("merge", *folders, *arguments).failed(code, *words)
    assert cli("adapters", "list", "--json").json == []


def test_adapters_that_do_not_exist(cli: Cli, tmp_path: Path) -> None:
    cli("merge", "demo/a1", "demo/a2", "--out", tmp_path / "out").failed(3, "demo")
    cli("prove", "demo/a1").failed(3, "demo")
    cli("switch", "demo/a1").failed(3, "demo")
    cli("disable", "demo").failed(3, "demo")


def test_switch_and_disable(cli: Cli, folders: list[Path]) -> None:
    for folder in folders:
        cli("import", folder, "--as", "demo/default").ok()

    def active() -> list[str]:
        return [row["adapter_id"] for row in cli("adapters", "list", "--json").json if row["active"]]

    assert active() == ["demo/default@1"]
    assert cli("switch", "demo/default").ok().out == "demo/default@2 is active\n"
    assert active() == ["demo/default@2"]
    cli("switch", "demo/default@1").ok()
    assert active() == ["demo/default@1"]
    cli("switch", "demo/default@9").failed(3, "demo/default@9")
    assert cli("disable", "demo", "--json").ok().json == {"cleared": ["demo/default@1"]}
    assert active() == []
    assert cli("disable", "demo").ok().out == "nothing was active\n"


def test_a_bare_project_means_the_adapter_that_was_switched_to(
    cli: Cli, imported: None, folders: list[Path]
) -> None:
    cli("import", folders[0], "--as", "demo/default").ok()

    def meant() -> str:
        shown: str = cli("adapters", "show", "demo", "--json").ok().json["ref"]
        return shown

    assert meant() == "demo/default@1"
    cli("switch", "demo/a2").ok()
    assert meant() == "demo/a2@1"
    cli("delete", "demo/a2").ok()
    assert meant() != "demo/a2@1"
    cli("switch", "demo/a1").ok()
    assert meant() == "demo/a1@1"


def test_a_folder_is_shown_too(cli: Cli, folders: list[Path]) -> None:
    shown = cli("adapters", "show", folders[0], "--json").ok().json
    assert (shown["type"], shown["rank"], shown["tensors"]) == ("LORA", 4, 4)
    assert "gardener import" in cli("adapters", "show", folders[0]).ok().out


def test_a_plan_predicts_the_error_and_writes_nothing(cli: Cli, folders: list[Path], tmp_path: Path) -> None:
    planned = cli("merge", *folders, "--plan", "--json").ok().json["predicted"]
    measured = cli("merge", *folders, "--out", tmp_path / "out", "--json").ok().json["report"]["error"]
    assert planned["error"] == pytest.approx(measured, rel=1e-3) and planned["sampled"] == 2
    assert "Predicted relative error: 0," in cli("merge", *folders, "--method", "cat", "--plan").ok().out
    cli("merge", *folders, "--plan", "--into-base", "--out", tmp_path / "x").failed(2, "leave out --plan")
    assert not (tmp_path / "x").exists() and cli("adapters", "list", "--json").json == []


def test_a_name_of_the_registry_wins_over_a_folder_of_that_name(
    cli: Cli,
    imported: None,
    folders: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("demo/a1", "demo/mine", "demo"):
        shutil.copytree(folders[0], tmp_path / name, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    merged = cli("merge", "demo/a1", "./demo/a1", "demo/mine", "--out", "out", "--json").ok().json
    labels = [entry["adapter"] for entry in merged["report"]["inputs"]]
    assert labels == ["demo/a1@1", "demo/a1", "demo/mine"]
    assert "receipts" in cli("adapters", "show", "demo/a2", "--json").ok().json
    cli("switch", "demo/a1").ok()
    assert cli("prove", "demo/a1", "--json").ok().json["adapter"] == "demo/a1@1"
    cli("merge", "./nothing", "demo/a1", "--out", "other").failed(3, "holds no adapter_config.json")


# ---------------------------------------------------------------- into the base


def test_merge_into_the_base(cli: Cli, imported: None, tiny_base: Path, tmp_path: Path) -> None:
    out = tmp_path / "model"
    result = cli("merge", "demo/a1", "demo/a2", "--weights", "0.7,0.3", "--into-base", "--out", out).ok()
    assert "linear: 2 of " in result.out
    assert "gardener prove demo/a1 --against merged" in result.out
    assert {"config.json", "model.safetensors", "tokenizer.json", "gardener.json"} <= {
        f.name for f in out.iterdir()
    }
    cli("merge", "demo/a1", "--into-base", "--out", out).failed(2, "exists")
    again = cli(
        "merge", "demo/a1", "--into-base", "--dtype", "bfloat16", "--out", tmp_path / "half", "--json"
    )
    assert again.ok().json["report"]["changed"] == 2
    assert (
        2 * (tmp_path / "half" / "model.safetensors").stat().st_size
        < 1.1 * (tiny_base / "model.safetensors").stat().st_size
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--into-base"], "--into P/N or --out DIR"),
        (["--into-base", "--into", "demo/x"], "--into-base --out DIR"),
        (["--dtype", "bfloat16", "--into", "demo/x"], "--into-base"),
        (["--into-base", "--method", "svd", "--out", "{out}"], "low-rank"),
        (["--into-base", "--space", "factors", "--out", "{out}"], "--space"),
    ],
)
def test_requests_for_a_base_that_cannot_be_right(
    arguments: list[str], words: str, cli: Cli, folders: list[Path], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    cli("merge", folders[0], *(part.format(out=out) for part in arguments)).failed(2, words)
    assert not out.exists()


def test_a_note_where_the_base_was_quantized(cli: Cli, folders: list[Path], tmp_path: Path) -> None:
    import shutil

    adapter = Path(shutil.copytree(folders[0], tmp_path / "adapter"))
    (adapter / "gardener.json").write_text('{"training": {"quantization": "nf4"}}')
    result = cli("merge", adapter, "--into-base", "--out", tmp_path / "out").ok()
    assert "Note: " in result.out
    assert "quantized base (nf4)" in result.out


def test_proven_against_its_merge(cli: Cli, imported: None) -> None:
    assert "merged into its base, logits differ" in cli("prove", "demo/a1", "--against", "merged").ok().out
    receipts = cli("adapters", "show", "demo/a1", "--json").json["receipts"]
    assert receipts[0]["kind"] == "parity-merged"
    assert receipts[0]["data"]["parity_merged"] < 1e-5 < receipts[0]["data"]["max_logit_difference"]
    cli("prove", "demo/a1", "--against", "gguf").failed(2, "gguf", "merged")
    assert not list(cli.home.glob(".merged*"))


def test_a_merged_model_is_judged(cli: Cli, folders: list[Path], tiny_base: Path, tmp_path: Path) -> None:
    cli("export", folders[0], "--to", "merged", "--out", tmp_path / "out").ok()
    told = cli("prove", folders[0], tmp_path / "out", "--against", "merged").ok().out
    assert "the model holds the adapter" in told
    assert "held at scale 1.00" in told
    found = cli("prove", folders[1], tmp_path / "out", "--against", "merged", "--json").json
    assert found["judgement"]["word"] == "another"
    assert cli("prove", folders[0], tiny_base, "--against", "merged").code == 7
    cli("prove", folders[0], tmp_path / "out").failed(2, "--against merged")
    cli("prove", folders[0], tmp_path / "none", "--against", "merged").failed(3, "none")
    cli("export", folders[0], "--to", "peft", "--create", "x", "--out", tmp_path / "o2").failed(2, "--create")


# ---------------------------------------------------------------- evaluated like any adapter


def test_a_merged_version_is_evaluated(cli: Cli, imported: None, small_repository: Path) -> None:
    from codebase_gardener.config.settings import Settings
    from codebase_gardener.gardener.facade import Gardener

    cli("add", small_repository).ok()
    cli("merge", "demo/a1", "demo/a2", "--into", "demo/both").ok()
    cli("evaluate", "demo/both").failed(2, "comes from no dataset", "--dataset PROJECT")
    cli("evaluate", "demo/both", "--dataset", "nowhere").failed(3, "nowhere")
    told = cli("evaluate", "demo/both", "--dataset", "geometry", "--functions", "2", "--json").ok().json
    assert told["adapter"] == "demo/both@1"
    assert set(told["verdict"]["arms"]) >= {"base", "adapter"}
    # where the inputs share a dataset, the merged version has it too, in whatever project it lies
    with Gardener(Settings(home=cli.home, device="cpu")) as gardener:
        row = gardener.newest(parse_ref("demo/both"))
        _, folder = gardener.dataset("geometry")
        assert gardener.heldout_dataset(replace(row, dataset_hash=folder.name)) == folder


@pytest.mark.slow
def test_proof_and_verdict_through_a_server(cli: Cli, imported: None, small_repository: Path) -> None:
    cli("add", small_repository).ok()
    assert "served, log-probabilities of" in cli("prove", "demo/a1", "--against", "served").ok().out
    cli("prove", "demo/a1", "--url", "http://127.0.0.1:9").failed(2, "--against served")
    measured = ("evaluate", "demo/a1", "--dataset", "geometry", "--functions", "2")
    told = cli(*measured, "--against", "served", "--json").ok().json
    assert told["served"]["word"] == told["verdict"]["word"] and told["served"]["apart"] < 0.02
    assert "Served: unchanged; nats per token" in cli(*measured, "--against", "served").ok().out
    cli(*measured, "--url", "http://127.0.0.1:9").failed(2, "--against served")
    cli(*measured, "--against", "served", "--url", "http://127.0.0.1:9").failed(7, "gardener serve")
