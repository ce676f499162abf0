"""One job, from its spec to an artifact: load, encode, train, save. Torch is imported before this is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

import torch
from safetensors.torch import save_file

from codebase_gardener.bases.resolution import Base
from codebase_gardener.bases.sidecar import SIDECAR, library_versions, version_identity
from codebase_gardener.bases.torch_loading import load_model, load_tokenizer
from codebase_gardener.dataset.writer import load_dataset
from codebase_gardener.jobs.checkpoints import newest_checkpoint
from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.jobs.spec import JobSpec
from codebase_gardener.jobs.torch_nodes import shared_checkpoint
from codebase_gardener.training.encoding import rows_to_train
from codebase_gardener.training.memory import check_memory, estimate_memory
from codebase_gardener.training.torch_device import measure_gemm, pick_device, pick_dtype, set_threads
from codebase_gardener.training.torch_engine import TrainingResult, train
from codebase_gardener.training.torch_group import Group
from codebase_gardener.training.torch_logits import last_logits
from codebase_gardener.training.torch_method import add_adapter, peft_config
from codebase_gardener.training.torch_warm import begin_from
from codebase_gardener.training.validation import encode_sides, tokens_at_most
from codebase_gardener.training.warm import described
from codebase_gardener.utils.error_handling import DatasetError, ModelError
from codebase_gardener.utils.files import sha256_file, sha256_text, write_atomic, write_json

__all__ = ["run_job"]


def run_job(
    directory: JobDirectory,
    adapter: str,
    group: Group | None = None,
    *,
    trained: Callable[[], object] = lambda: None,
) -> TrainingResult:
    """Train what the job's spec says and leave the adapter in `artifact/`.

    Args:
        directory: The job's folder; of another process than the group's first one, a copy (`torch_nodes`).
        adapter: `project/name@version`, for the adapter's own metadata.
        group: The processes that train together; the first one alone saves. None: this process alone.
        trained: Called after the last step, before anything is saved.

    Raises:
        CodebaseGardenerError: Whatever is wrong with the rows, the base or the options.
    """
    spec = directory.spec
    events = directory.events
    events.append("stage", stage="loading", base=spec.base.id)
    resume_from = newest_checkpoint(directory) if group is None else shared_checkpoint(directory, group)
    device = pick_device(spec.device)
    machine = _machine(directory, spec, device) if group is None or group.is_first else {}
    if group is not None:  # the first one's number format and rates; each has its own device and threads
        own = {"device": device, "threads": machine.get("threads") or set_threads(spec.training.threads)}
        machine = {**group.told(machine), **own}
    if machine["dtype"] == "float32":  # the check before the start hoped for bfloat16
        check_memory(estimate_memory(spec.base, spec.training, bf16=False), min_free_bytes=0)
    torch.manual_seed(spec.training.seed)
    tokenizer = load_tokenizer(spec.base.path)
    peft_config(spec.training)  # wrong options are told before the base is loaded
    with ThreadPoolExecutor(2, "beside the base") as beside:  # most of the three runs without Python's lock
        checked = beside.submit(_check_base, spec.base)
        encoding = beside.submit(
            lambda: encode_sides(
                _rows(spec), tokenizer, spec.training, spec.warm, most_tokens=machine["most_tokens"]
            )
        )
        model = load_model(
            spec.base.path, dtype=machine["dtype"], device=device, quantization=spec.training.quantization
        )
        model = add_adapter(model, spec.training, spec.base)
        if spec.warm is not None:
            begin_from(model, spec.warm)
        checked.result()
        if spec.training.changes_base:
            model.save_pretrained(directory.initial)
        events.append("stage", stage="encoding")
        sides = encoding.result()
    encoded = sides.train
    events.append(
        "encoded",
        rows=len(encoded.rows),
        validation_rows=len(sides.validation),
        supervised_tokens=encoded.supervised,
        truncated=encoded.truncated,
        split_conversations=encoded.split,
        left_out=encoded.left_out,
    )
    if encoded.not_encoded:
        events.append("not_encoded", rows=encoded.not_encoded)
    result = train(
        model,
        tokenizer,
        sides,
        spec.training,
        plan_file=directory.plan,
        checkpoints=directory.checkpoints,
        resume_from=resume_from,
        best=directory.best,
        events=events,
        fixed=lambda: machine,
        memory=lambda parts: _memory(spec, machine["dtype"], parts),
        warm=spec.warm is not None,
        group=group,
        cancelled=directory.cancel.exists,
    )
    events.append("trained", **result.as_dict())
    trained()
    events.append("stage", stage="saving")
    if group is None or group.is_first:
        _save(directory, spec, adapter, model, tokenizer, result)
    return result


def _machine(directory: JobDirectory, spec: JobSpec, device: str) -> dict[str, Any]:
    """Device, threads and number format: measured by the first start, kept by a resumed run."""
    threads = set_threads(spec.training.threads)
    if plan := directory.planned():
        torch.set_num_threads(plan["threads"])
        same = {name: plan[name] for name in ("dtype", "device", "threads", "gemm_gflops")}
        return {**same, "most_tokens": plan.get("most_tokens", 0.0)}  # a plan of before encoded all rows
    rates = measure_gemm(device)
    return {
        "dtype": pick_dtype(spec.training.dtype, rates),
        "device": device,
        "threads": threads,
        "gemm_gflops": asdict(rates),
        "most_tokens": tokens_at_most(spec.training, spec.base.weight_bytes, rates),
    }


def _memory(spec: JobSpec, dtype: str, parts: Sequence[str]) -> int:
    """Estimated peak with the parts of the fast path that are in effect."""
    training = spec.training.model_copy(update={"fast_path": tuple(parts)})
    return estimate_memory(spec.base, training, bf16=dtype == "bfloat16").total


def _check_base(base: Base) -> None:
    """The base's files must be those that the job was planned with."""
    rows = [f"{file.name}:{sha256_file(file)}" for file in sorted(base.path.glob("*.safetensors"))]
    if sha256_text("\n".join(rows)) != base.sha256:
        raise ModelError(
            f"the base at {base.path} is not the one this job was planned with (hash differs)",
            hint="train again: a new job takes the base as it is now",
        )


def _rows(spec: JobSpec) -> Any:
    dataset = load_dataset(spec.dataset)
    if dataset.hash != spec.dataset_hash:
        raise DatasetError(
            f"the dataset at {spec.dataset} does not have the hash that this job was planned with",
            hint="run `gardener dataset` again",
        )
    return rows_to_train(dataset)


def _save(
    directory: JobDirectory, spec: JobSpec, adapter: str, model: Any, tokenizer: Any, result: TrainingResult
) -> None:
    """Write the adapter as the ecosystem expects it, our own metadata beside it, and the logits to compare with."""
    artifact = directory.artifact
    model.eval()
    save_file({"logits": last_logits(model, tokenizer)}, directory.parity)
    trains_embeddings = bool(spec.training.modules_to_save or spec.training.trainable_token_indices)
    # PiSSA and OLoRA train a part that was taken out of the base: what is saved has to fit the base as it is on disk
    conversion = (
        {"path_initial_model_for_weight_conversion": str(directory.initial)}
        if spec.training.changes_base
        else {}
    )
    model.save_pretrained(
        artifact, save_embedding_layers="auto" if trains_embeddings else False, **conversion
    )
    tokenizer.save_pretrained(artifact)
    write_json(artifact / SIDECAR, _sidecar(spec, adapter, result))
    write_atomic(artifact / "README.md", _card(spec, adapter, result))


def _sidecar(spec: JobSpec, adapter: str, result: TrainingResult) -> dict[str, Any]:
    lineage = spec.warm.lineage if spec.warm else None
    return {
        "adapter": adapter,
        "base": spec.base.as_dict(),
        "commit": spec.commit,
        "dataset_sha256": spec.dataset_hash,
        "libraries": library_versions(spec.training.quantization),
        "training": spec.training.model_dump(mode="json"),
        "metrics": result.as_dict(),
        "lineage": lineage,
        "version": version_identity(
            adapter,
            spec.base,
            spec=spec.training.model_dump(mode="json"),
            dataset_hash=spec.dataset_hash,
            commit=spec.commit,
            snapshot_id=spec.snapshot_id,
            metrics=result.as_dict(),
            lineage=lineage,
        ),
    }


def _quantized_base(spec: JobSpec) -> list[str]:
    if spec.training.quantization == "none":
        return []
    use = (
        " Use it on that: it begins at the quantization's error."
        if spec.training.is_of_quantized_base
        else ""
    )
    return ["", f"The base was quantized while training ({spec.training.quantization}).{use}"]


def _grown_from(spec: JobSpec) -> list[str]:
    return ["", f"It went on from {described(spec.warm.lineage)}."] if spec.warm else []


def _card(spec: JobSpec, adapter: str, result: TrainingResult) -> str:
    return "\n".join(
        [
            "---",
            "library_name: peft",
            f"tags: [{spec.training.peft_type.lower()}, codebase-gardener]",
            "---",
            f"# {adapter}",
            "",
            f"An adapter ({spec.training.peft_type}) of {spec.base.id} (weights {spec.base.sha256[:16]}),",
            f"trained by Codebase Gardener on the repository at {spec.commit or 'rows of its own'}:",
            f"{result.steps} steps, {result.tokens} tokens,",
            f"training loss {result.first_loss:.3f} to {result.last_loss:.3f} nats per token.",
            *_grown_from(spec),
            *_quantized_base(spec),
            "",
            "`gardener.json` holds the spec, the hashes and the library versions.",
            "",
        ]
    )
