"""The environments of the seeds as checks: what each kind of work needs, what is installed, and how to get it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from codebase_gardener.doctor.checks import Examined
from codebase_gardener.training.devices import resolve_device
from codebase_gardener.utils.error_handling import InvalidInputError

__all__ = ["ENVIRONMENTS", "Environment", "Requirement", "examine_environment"]

_INSTALL = "pip install -c constraints.txt"
_QUANTIZATION = f"{_INSTALL} '.[quantization]'"
_PEFT = "PEFT 0.21's own requirements (seed 000: setup.py:60-71)"


@dataclass(frozen=True)
class Requirement:
    """One row: a package, or `python`, with its bound.

    Attributes:
        name: As the registry of packages spells it.
        bound: Versions that serve, as PEP 440 writes them; "" for any.
        why: What it is for.
        source: Where the bound stands.
        install: What brings it.
        optional: Whether the environment works without it; `why` then says what does not.
    """

    name: str
    bound: str
    why: str
    source: str
    install: str
    optional: bool = False


@dataclass(frozen=True)
class Environment:
    """What one kind of work needs.

    Attributes:
        about: The work.
        needs: Its rows, after those of `on`.
        on: The environment that it builds on.
        notes: What else is to be known here: (topic, fact, source).
        accelerator: What an accelerator changes.
    """

    about: str
    needs: tuple[Requirement, ...] = ()
    on: str = ""
    notes: tuple[tuple[str, str, str], ...] = ()
    accelerator: str = ""


ENVIRONMENTS: dict[str, Environment] = {
    "core": Environment(
        "load a base, add, save, load and merge adapters",
        (
            Requirement(
                "python", ">=3.11", "the language", "pyproject.toml (PEFT: >=3.10)", "install Python 3.11"
            ),
            Requirement("peft", ">=0.21", "the adapters", "pyproject.toml", f"{_INSTALL} peft"),
            Requirement("torch", ">=1.13.0", "the tensors", _PEFT, f"{_INSTALL} torch"),
            Requirement(
                "transformers",
                ">=5.23,<6",
                "the bases",
                "pyproject.toml (PEFT: any)",
                f"{_INSTALL} transformers",
            ),
            Requirement("accelerate", ">=0.21.0", "placing of models", _PEFT, f"{_INSTALL} accelerate"),
            Requirement(
                "huggingface_hub",
                ">=0.25.0",
                "bases and adapters of the hub",
                _PEFT,
                f"{_INSTALL} huggingface_hub",
            ),
            Requirement("safetensors", "", "the files", _PEFT, f"{_INSTALL} safetensors"),
            Requirement("numpy", ">=1.17", "arrays", _PEFT, f"{_INSTALL} numpy"),
        ),
        accelerator="CUDA, MPS, XPU, NPU and MLU are supported by PEFT; everything runs on the CPU too",
    ),
    "config": Environment(
        "write and check the options of an adapter",
        on="core",
        notes=(
            (
                "no smaller environment",
                "`import peft` loads torch and transformers, so a configuration needs all of core; "
                "TrainingSpec checks the same options without them",
                "measured here: sys.modules after `import peft`",
            ),
        ),
    ),
    "training": Environment(
        "train an adapter",
        (
            Requirement(
                "accelerate",
                ">=1.1.0",
                "transformers' Trainer",
                "transformers/utils/import_utils.py:ACCELERATE_MIN_VERSION",
                f"{_INSTALL} accelerate",
            ),
            Requirement("psutil", ">=7.2", "memory and temperature", "pyproject.toml", f"{_INSTALL} psutil"),
        ),
        on="core",
        notes=(
            (
                "datasets",
                "not needed: rows are handed to the Trainer as they are (seed 001 names it)",
                "training/torch_engine.py",
            ),
        ),
        accelerator="decides the speed; `gardener plan` measures it",
    ),
    "quantization": Environment(
        "train on a base in 4 or 8 bits (QLoRA)",
        (
            Requirement(
                "bitsandbytes",
                ">=0.46.1",
                "nf4 and int8",
                "transformers/utils/import_utils.py:BITSANDBYTES_MIN_VERSION",
                _QUANTIZATION,
            ),
            Requirement(
                "torchao",
                ">=0.16.0",
                "torchao-int8",
                "peft/import_utils.py:is_torchao_available",
                _QUANTIZATION,
                optional=True,
            ),
            Requirement(
                "hqq",
                ">=0.2.1",
                "HQQ; transformers 5.23 refuses HqqConfig",
                "transformers/quantizers/quantizer_hqq.py",
                f"{_INSTALL} --no-build-isolation hqq",
                optional=True,
            ),
            Requirement(
                "eetq",
                "",
                "EETQ; a CUDA GPU and `kernels` too",
                "transformers/quantizers/quantizer_eetq.py",
                "pip install kernels, on a machine with CUDA",
                optional=True,
            ),
        ),
        on="training",
        accelerator="nf4, int8 and torchao-int8 train on the CPU too; EETQ needs CUDA",
    ),
    "gptq": Environment(
        "adapters on a base that GPTQ or AWQ has quantized",
        (
            Requirement(
                "gptqmodel",
                ">=7.0.0",
                "GPTQ and AWQ layers (seed 000: auto_gptq>=0.5.0 or gptqmodel>=2.0.0; PEFT 0.21 takes gptqmodel only)",
                "peft/import_utils.py:is_gptqmodel_available",
                "pip install --no-build-isolation 'gptqmodel>=7.0.0'",
            ),
            Requirement(
                "optimum",
                ">=1.24.0",
                "reading GPTQ bases",
                "peft/import_utils.py:is_gptqmodel_available",
                "pip install 'optimum>=1.24.0'",
            ),
        ),
        on="core",
        accelerator="gptqmodel has CPU kernels; to quantize a base of real size takes CUDA",
    ),
    "loftq": Environment(
        "begin an adapter with LoftQ",
        (
            Requirement(
                "scipy",
                "",
                "the quantiles of NF4",
                "peft/tuners/lora/config.py:LoraConfig.__post_init__",
                f"{_INSTALL} scipy",
            ),
        ),
        on="core",
    ),
    "inference": Environment(
        "answer with an adapter",
        on="core",
        accelerator="decides the speed",
        notes=(
            (
                "accelerate",
                "PEFT imports it, so it is needed although nothing is trained",
                "peft/peft_model.py",
            ),
        ),
    ),
    "merge": Environment(
        "merge adapters, or an adapter into its base",
        (Requirement("numpy", ">=1.17", "singular values", _PEFT, f"{_INSTALL} numpy"),),
        on="core",
        notes=(
            (
                "quantized bases",
                "a merge into 4 or 8 bits rounds; merge into the 16-bit base instead",
                "peft/tuners/lora/bnb.py:100, :378",
            ),
        ),
    ),
    "multi-adapter": Environment(
        "several adapters over one base: load, switch, disable, delete",
        on="core",
        notes=(
            (
                "memory",
                "one base for all; the settings cache_bytes and cache_count limit the adapters",
                "adapters/cache.py",
            ),
        ),
    ),
}


def examine_environment(name: str) -> list[Examined]:
    """Check one environment: a finding a requirement, the accelerator, and what else is to be known.

    Args:
        name: A key of `ENVIRONMENTS`.

    Raises:
        InvalidInputError: There is no such environment.
    """
    if name not in ENVIRONMENTS:
        raise InvalidInputError(f"no environment {name!r}", hint=f"choose one of {', '.join(ENVIRONMENTS)}")
    environment = ENVIRONMENTS[name]
    findings = [_check(requirement) for requirement in _requirements(environment)]
    if environment.accelerator:
        findings.append(Examined("accelerator", "ok", f"{_device()}; {environment.accelerator}"))
    return findings + [
        Examined(topic, "ok", f"{fact} ({source})") for topic, fact, source in environment.notes
    ]


def _requirements(environment: Environment) -> list[Requirement]:
    """All rows, those of the environments below first; a row for the same package takes the place of theirs."""
    below = _requirements(ENVIRONMENTS[environment.on]) if environment.on else []
    rows = {row.name: row for row in (*below, *environment.needs)}
    return list(rows.values())


def _check(requirement: Requirement) -> Examined:
    from packaging.specifiers import SpecifierSet

    needs = f"needs {requirement.bound or 'any version'}: {requirement.why} ({requirement.source})"
    installed = _installed(requirement.name)
    if installed is not None and SpecifierSet(requirement.bound).contains(installed, prereleases=True):
        return Examined(requirement.name, "ok", f"{installed}; {needs}")
    found = "not installed" if installed is None else f"{installed} does not serve"
    state = "warning" if requirement.optional else "problem"
    return Examined(requirement.name, state, f"{found}; {needs}", requirement.install)


def _installed(name: str) -> str | None:
    """The version that is here, found without importing anything."""
    if name == "python":
        return ".".join(str(part) for part in sys.version_info[:3])
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _device() -> str:
    """What torch computes on here; a torch that can only have the CPU is not loaded for that."""
    try:
        device = resolve_device("auto")
    except (PackageNotFoundError, ImportError):
        return "no torch"
    return "no accelerator here" if device == "cpu" else f"{device} is here"
