"""Settings: defaults, then a TOML file, then the environment, then command-line flags."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings.exceptions import SettingsError
from pydantic_settings.sources import TomlConfigSettingsSource

from codebase_gardener.utils.error_handling import InvalidInputError, ResourceError
from codebase_gardener.utils.openmp import for_waiting

__all__ = ["EMBEDDED_BASE", "ENV_PREFIX", "Patterns", "Settings", "load_settings"]

ENV_PREFIX = "CODEBASE_GARDENER_"
EMBEDDED_BASE = "smollm2-135m"
GIB = 1024**3


def _named(home: Any) -> Any:
    if str(home).strip() == "":
        raise ValueError("the name is empty; leave it out for the default")
    return home


def _absolute(home: Path) -> Path:
    """Whatever folder a worker starts in, it finds the home."""
    return home.expanduser().absolute()


def _not_relative(url: str) -> str:
    if url.startswith("sqlite") and not url.partition("://")[2].startswith("//"):
        raise ValueError(
            "the path is relative, and would be another file in each folder; write sqlite:////absolute/file.db"
        )
    return url


class Patterns(BaseModel):
    """The table `[repository]`: patterns as in `.gitignore`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    include: tuple[str, ...] = Field(
        default=(), description="only what matches one of these counts; nothing here: all"
    )
    exclude: tuple[str, ...] = Field(default=(), description="what matches one of these does not count")


class Settings(BaseSettings):
    """Everything a user can set once for all commands.

    The file is `config.toml` in the home; in the environment, a field is its name in capitals after
    `CODEBASE_GARDENER_`, and `CODEBASE_GARDENER_TRAINING__R=8` sets one training option.

    Example:
        >>> Settings(home=Path("/tmp/garden")).projects_dir
        PosixPath('/tmp/garden/projects')
    """

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True, toml_file=None
    )

    home: Annotated[Path, AfterValidator(_absolute), BeforeValidator(_named)] = Field(
        Path("~/.codebase-gardener"), validate_default=True, description="folder that holds all state"
    )
    registry_url: Annotated[str, AfterValidator(_not_relative)] = Field(
        "", description="database URL; empty: registry.sqlite in the home"
    )
    registry_connections: int = Field(
        10, ge=2, description="connections of one process to PostgreSQL at most, for all its threads"
    )
    store: str = Field(
        "",
        description="where several machines keep adapters, datasets and wikis: s3://BUCKET/PREFIX or file:///FOLDER; "
        "empty: in the home only",
    )
    store_cache_bytes: int = Field(
        10 * GIB, ge=0, description="files from the store that are kept for the next fetch, in bytes"
    )
    store_grace_hours: float = Field(
        24.0,
        ge=0,
        allow_inf_nan=False,
        description="how long `doctor --fix` leaves alone what the store holds and no row names, in hours",
    )
    base: str = Field(
        EMBEDDED_BASE, description="base model: a Hugging Face id, a local folder, or the embedded one"
    )
    device: str = Field("auto", description="what computes: auto, cpu, cuda, mps, xpu, npu, mlu or hpu")
    inference_dtype: str = Field(
        "auto",
        pattern="^(auto|bfloat16|float32)$",
        description="what answers are computed in: bfloat16, float32, or auto for bfloat16 where it is faster",
    )
    offline: bool = Field(False, description="never ask a model hub")
    cache_bytes: int = Field(
        4 * GIB, gt=0, description="memory for loaded adapters, beside their base, in bytes"
    )
    cache_count: int = Field(3, ge=1, description="adapters loaded at once")
    min_free_bytes: int = Field(
        2 * GIB, ge=0, description="free memory below which nothing is trained, in bytes"
    )
    project_storage_bytes: int = Field(GIB, gt=0, description="adapter files of one project, in bytes")
    max_file_bytes: int = Field(
        1_000_000, gt=0, description="larger files are left out of a snapshot, in bytes"
    )
    repository: Patterns = Field(
        Patterns(),
        description="include and exclude: lists of patterns as in .gitignore, of what counts in any repository",
    )
    log_level: str = Field(
        "WARNING", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="how much the log on stderr says"
    )
    ollama_url: str = Field("http://127.0.0.1:11434", description="where the Ollama server listens")
    ollama_model: str = Field(
        "",
        description="the model of Ollama that answers `--engine ollama` where Ollama does not have the adapter",
    )
    ollama_unload: bool = Field(
        False,
        description="take models out of Ollama's memory where a training or a base does not fit beside them",
    )
    openai_base_url: str = Field(
        "",
        description="an OpenAI-compatible endpoint, with its /v1; empty: as OPENAI_BASE_URL says, else OpenAI's own",
    )
    writer_timeout_s: float = Field(
        120.0,
        gt=0,
        allow_inf_nan=False,
        description="time for one answer of a model that writes prose, in seconds",
    )
    training: dict[str, Any] = Field(
        default_factory=dict, description="defaults of training options, by the names that train takes"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags over the environment over the TOML file."""
        home = Path(
            str(init_settings().get("home") or env_settings().get("home") or cls.model_fields["home"].default)
        )
        toml = TomlConfigSettingsSource(settings_cls, toml_file=home.expanduser() / "config.toml")
        return init_settings, env_settings, toml

    @property
    def projects_dir(self) -> Path:
        """Where each project has its folder."""
        return self.home / "projects"

    @property
    def jobs_dir(self) -> Path:
        """Where each training job has its folder."""
        return self.home / "jobs"

    @property
    def bases_dir(self) -> Path:
        """Where converted base models are kept."""
        return self.home / "bases"

    @property
    def database_url(self) -> str:
        """The registry's URL, with its default filled in."""
        return self.registry_url or f"sqlite:///{self.home / 'registry.sqlite'}"

    @property
    def for_workers(self) -> dict[str, str]:
        """Environment variables by which a worker finds the same home, database and limits."""
        return {
            f"{ENV_PREFIX}HOME": str(self.home),
            f"{ENV_PREFIX}REGISTRY_URL": self.database_url,
            f"{ENV_PREFIX}STORE": self.store,
            f"{ENV_PREFIX}STORE_CACHE_BYTES": str(self.store_cache_bytes),
            f"{ENV_PREFIX}STORE_GRACE_HOURS": str(self.store_grace_hours),
            f"{ENV_PREFIX}MIN_FREE_BYTES": str(self.min_free_bytes),
            f"{ENV_PREFIX}PROJECT_STORAGE_BYTES": str(self.project_storage_bytes),
            f"{ENV_PREFIX}LOG_LEVEL": self.log_level,
            f"{ENV_PREFIX}OLLAMA_URL": self.ollama_url,
            f"{ENV_PREFIX}OLLAMA_UNLOAD": str(self.ollama_unload),
            f"{ENV_PREFIX}INFERENCE_DTYPE": self.inference_dtype,
            **self.for_computing,
        }

    @property
    def for_computing(self) -> dict[str, str]:
        """Environment variables of a process that trains or evaluates; those that are set already stay."""
        wanted = {
            "TORCHINDUCTOR_CACHE_DIR": str(self.home / "compiled"),
            "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "8192",  # its kernels are made for one shape each, 1024 by default
        }
        return {**{name: os.environ.get(name, value) for name, value in wanted.items()}, **for_waiting()}


def load_settings(**flags: Any) -> Settings:
    """Read the settings; `flags` that are None count as not given.

    Raises:
        InvalidInputError: A value that cannot be right, named with where it came from.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        settings = Settings(**given)
        str(settings.home).encode("utf-8")  # the registry's URL and JSON files are UTF-8
    except UnicodeEncodeError as error:
        raise InvalidInputError(
            "the home's path is not UTF-8", hint=f"set {ENV_PREFIX}HOME to another folder"
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise InvalidInputError(
            f"setting {name!r}: {first['msg']} (got {first.get('input')!r})",
            hint=f"correct it in config.toml, or in the environment as {ENV_PREFIX}{name.upper()}",
        ) from error
    except SettingsError as error:
        raise InvalidInputError(
            f"the environment cannot be read: {error}",
            hint=f"mappings are JSON; one training option is set with {ENV_PREFIX}TRAINING__NAME=VALUE",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInputError(
            f"config.toml is not valid TOML: {error}", hint="correct the file, or move it away"
        ) from error
    except OSError as error:
        raise ResourceError(
            f"config.toml cannot be read: {error.strerror}",
            hint="give yourself the right to read it, or move it away",
        ) from error
    return settings
