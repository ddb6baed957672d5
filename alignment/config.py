"""The configuration of a run: TOML, frozen, unknown keys refused; the resolved one is kept with the run."""

import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from alignment.algorithms.config import PreferenceConfig
from alignment.errors import WrongConfig
from alignment.ppo.config import PPOConfig
from alignment.reward_model.config import RewardModelConfig
from alignment.snapshot.config import MinimumConfig, SnapshotConfig
from ledger import setting_faults
from ledger.unusable_paths import reason_of


class AlignConfig(BaseModel):
    """All of a run. Each section is a table of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    algorithm: Literal["auto", "ppo", "kto", "dpo", "sft"] = Field(
        default="auto", description="how the policy learns; auto chooses by how much and which feedback there is"
    )
    seed: int = Field(default=17, ge=0, lt=2**32, description="of everything random")
    parent: str = Field(
        default="live", pattern=r"^(live|v[1-9][0-9]*)$", description="the version to start from: live, or v3"
    )
    base_model: Path | None = Field(
        default=None,
        description="folder of a model to start from instead, for a ledger that has not served one yet",
    )
    from_file: Path | None = Field(
        default=None,
        description="JSONL in TRL's formats or of Attune's own export, or an export of Open WebUI or Langfuse, instead "
        "of the ledger's feedback",
    )
    keep_checkpoints: bool = Field(
        default=False, description="keep the checkpoints of a finished stage, which nothing needs any more"
    )
    watts_per_core: float = Field(
        default=10.0, gt=0, description="power of a busy CPU core, for the energy where it cannot be measured"
    )
    memory_limit_gib: float | None = Field(
        default=None,
        gt=0,
        description="memory of a run on a CPU, all processes together; by default what leaves engines their share",
    )
    snapshot: SnapshotConfig = SnapshotConfig()
    minimum: MinimumConfig = MinimumConfig()
    reward_model: RewardModelConfig = RewardModelConfig()
    ppo: PPOConfig = PPOConfig()
    preference: PreferenceConfig = PreferenceConfig()


def load(path: Path | None, **given: Any) -> AlignConfig:
    """Reads a configuration.

    Args:
        path: Of the TOML file; None for the defaults. Relative paths in it are relative to its folder.
        given: What wins over the file, by name; None leaves the file's.

    Raises:
        WrongConfig: The file cannot be read, or a value cannot be used; the message names the keys.
    """
    table: dict[str, Any] = {}
    if path is not None:
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise WrongConfig(f"{path} cannot be read: {reason_of(error)}. Give a TOML file with --config.") from error
    config = parse(table | {name: value for name, value in given.items() if value is not None}, str(path or "settings"))
    here = Path.cwd() if path is None else path.parent
    places = {"base_model": here, "from_file": Path.cwd() if given.get("from_file") is not None else here}
    absolute = {
        name: (folder / file).resolve()
        for name, folder in places.items()
        if (file := getattr(config, name)) is not None
    }
    return config.model_copy(update=absolute)


def parse(values: Any, where: str) -> AlignConfig:
    """Makes a configuration of plain values; `where` they stand is for the message.

    Raises:
        WrongConfig: A value cannot be used.
    """
    try:
        return AlignConfig.model_validate(values)
    except ValidationError as error:
        faults = "; ".join(_sentence(fault, Path(where)) for fault in error.errors())
        raise WrongConfig(f"{where} cannot be used. {faults}. docs/alignment.md lists every setting.") from error


def _sentence(fault: ErrorDetails, file: Path) -> str:
    """What is wrong with one setting, and on which line of its file it stands, if it stands in one."""
    name = ".".join(map(str, fault["loc"]))
    if not name:
        return f"the settings: {fault['msg']}"
    section, _, key = name.rpartition(".")
    return f"{name}{f' ({setting_faults.place(file, section, key)})' if file.is_file() else ''}: {fault['msg']}"
