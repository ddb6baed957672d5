"""What a run starts from: the parent version, its base model on disk, and the hashes by which both are known."""

from dataclasses import dataclass
from pathlib import Path

from alignment import manifest
from alignment.config import AlignConfig
from alignment.errors import DamagedArtefact, InputChanged, UnusableModel
from ledger import deployments, versions
from ledger.database import Database
from ledger.model_files import fingerprint
from ledger.records import ModelVersion


@dataclass(frozen=True, slots=True)
class Origin:
    """A parent that can be trained from.

    Attributes:
        base: The version without a parent that `parent` grew from; often `parent` itself.
        base_model: Its folder in Hugging Face's layout.
        parent_adapter: The parent's PEFT folder; None where the parent is the base.
    """

    parent: ModelVersion
    base: ModelVersion
    base_model: Path
    parent_adapter: Path | None

    def inputs(self) -> dict[str, str]:
        """The hashes of base and adapter, as manifests name them."""
        found = {"base_model": self.base.sha256}
        return found if self.parent_adapter is None else found | {"parent_adapter": self.parent.sha256}


def find(database: Database, config: AlignConfig, home: Path, parent: int | None) -> Origin:
    """Finds the parent, and checks that what lies on disk is what the ledger knows.

    Args:
        database: The ledger.
        config: Says which version, or which folder.
        home: For the cache of hashes.
        parent: Number of the version that an interrupted run has begun from; it wins over `config`.

    Raises:
        UnusableModel: There is no such model here, or it must not be trained from.
        InputChanged: A base model's files are not those that were registered.
        DamagedArtefact: The parent's adapter is damaged.
    """
    chosen = _parent(database, config, home, parent)
    if chosen.erased_at is not None:
        raise UnusableModel(
            f"{chosen.name} learned from people who have been erased since, and so would its children. Set parent in "
            "the configuration to a version from before."
        )
    with database.read() as connection:
        base = versions.get(connection, versions.base_of(connection, chosen.number))
    return Origin(chosen, base, _checked_base(base, home), _checked_adapter(chosen))


def _parent(database: Database, config: AlignConfig, home: Path, number: int | None) -> ModelVersion:
    if number is None and config.base_model is not None:
        folder = config.base_model
        _require_folder(folder, "base_model in the configuration")
        with database.write() as connection:
            return versions.ensure_base(connection, path=str(folder), sha256=fingerprint(folder, _cache(home)))
    with database.read() as connection:
        if number is None:
            live = deployments.current(connection).live_version
            number = live if config.parent == "live" else int(config.parent.removeprefix("v"))
        if number is None:
            raise UnusableModel(
                "No version is live, so there is nothing to start from. Run `attune up` once, or set base_model in the "
                "configuration to a model's folder."
            )
        return versions.get(connection, number)


def _checked_base(base: ModelVersion, home: Path) -> Path:
    folder = Path(base.path)
    _require_folder(folder, f"the base model {base.name}")
    found = fingerprint(folder, _cache(home))
    if found != base.sha256:
        raise InputChanged(
            f"The model in {folder} has the SHA-256 {found}, but {base.name} was registered with {base.sha256}. "
            "Restore the model, or restart Attune with the new one and align that."
        )
    return folder


def _checked_adapter(version: ModelVersion) -> Path | None:
    if version.form == "base":
        return None
    if version.form != "adapter":
        raise UnusableModel(f"{version.name} is of the form {version.form}; a run starts from a base or an adapter.")
    folder = Path(version.path)
    if manifest.verify(folder).sha256 != version.sha256:
        raise DamagedArtefact(f"{folder / manifest.NAME} is not the one that {version.name} was registered with.")
    return folder


def _require_folder(folder: Path, what: str) -> None:
    if not (folder / "config.json").is_file():
        raise UnusableModel(
            f"There is no model in {folder} on this machine ({what}). Training needs its files: give a folder in "
            "Hugging Face's layout as base_model in the configuration."
        )


def _cache(home: Path) -> Path:
    return home / "cache" / "sha256"
