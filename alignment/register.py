"""A trained adapter becomes a version: checked, probed, described, and only then in the ledger.

The version's folder is made under another name, and renamed when its manifest is written; the row comes after that. So
a version that can be seen is whole, and a run that is killed anywhere finds out by itself how far it had come.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alignment import manifest, probe
from alignment.config import AlignConfig
from alignment.durable import room_on_disk, sync
from alignment.errors import DamagedArtefact, UnusableModel
from alignment.manifest import Manifest
from alignment.model_card import Lesson, model_card
from alignment.origin import Origin
from alignment.revision import code_revision
from evals.integrity import UnreadableWeights, chat_template_sha256, spoilt_tensors, tokenizer_sha256
from ledger import versions
from ledger.database import Database
from ledger.errors import Erased
from ledger.records import ModelVersion

KIND = "adapter"
WEIGHTS = "adapter_model.safetensors"
SETTINGS = "adapter_config.json"
PROBE = "probe.json"


@dataclass(frozen=True, slots=True)
class Registration:
    """What a version is made of.

    Attributes:
        adapter: PEFT folder that the policy's stage left.
        policy_sha256: Of that stage's manifest.
        lesson: What it learned from and how well, for the card.
    """

    run_id: str
    origin: Origin
    config: AlignConfig
    adapter: Path
    policy_sha256: str
    snapshot_id: str
    snapshot_sha256: str
    lesson: Lesson


def register(database: Database, home: Path, what: Registration) -> ModelVersion:
    """Registers an adapter as a candidate. Registering the same run again changes nothing.

    Raises:
        UnusableModel: The adapter holds NaN, or does not fit the base model.
        DamagedArtefact: A file of it is missing or broken.
        Erased: Feedback that it learned from was erased meanwhile.
        DiskFull: There was no room.
    """
    folder = home / "versions" / what.run_id
    with room_on_disk(home):
        made = manifest.verify(folder) if manifest.is_whole(folder) else _build(folder, what)
    probed = json.loads((folder / PROBE).read_bytes())
    try:
        with database.write() as connection:
            return versions.register_adapter(
                connection,
                parent=what.origin.parent.number,
                path=str(folder),
                sha256=made.sha256,
                run_id=what.run_id,
                probe=probed,
            )
    except Erased:
        shutil.rmtree(folder)
        raise


def _build(folder: Path, what: Registration) -> Manifest:
    """Makes the version's folder beside its place, and puts it there when it is whole."""
    new = folder.with_name(f".{folder.name}.new")
    for left_over in (new, folder):
        if left_over.exists():
            shutil.rmtree(left_over)
    new.mkdir(parents=True)
    for name in (SETTINGS, WEIGHTS):
        if not (what.adapter / name).is_file():
            raise DamagedArtefact(f"{what.adapter / name} is missing, so there is no adapter to register.")
        shutil.copyfile(what.adapter / name, new / name)
    check_weights(new / WEIGHTS)
    probed = probe.compute(what.origin.base_model, new)
    (new / PROBE).write_text(probed.model_dump_json(indent=2) + "\n")
    about = _facts(what)
    (new / "README.md").write_text(model_card(what.origin, what.lesson, about), encoding="utf-8")
    inputs = what.origin.inputs() | {"policy": what.policy_sha256, "snapshot": what.snapshot_sha256}
    made = manifest.write(new, KIND, inputs=inputs, facts=about)
    new.rename(folder)
    sync(folder.parent)
    return made


def check_weights(path: Path) -> None:
    """Reads every weight of an adapter.

    Raises:
        DamagedArtefact: The file is no whole safetensors file.
        UnusableModel: It holds no weights, or NaN or infinite ones.
    """
    try:
        spoilt, tensors = spoilt_tensors(path)
    except (UnreadableWeights, OSError) as error:
        raise DamagedArtefact(f"{path} cannot be read: {error}. Nothing was registered.") from error
    if not tensors:
        raise UnusableModel(f"{path} holds no weights. Nothing was registered.")
    if spoilt:
        raise UnusableModel(
            f"{path} holds NaN or infinite weights in {len(spoilt)} of {tensors} tensors, such as {spoilt[0]}. "
            "Nothing was registered. Lower the learning rate and start a new run."
        )


def _facts(what: Registration) -> dict[str, Any]:
    base = what.origin.base
    return {
        "run": what.run_id,
        "algorithm": what.lesson.algorithm,
        "base_model": {
            "version": base.number,
            "name": what.origin.base_model.name,
            "sha256": base.sha256,
            "tokenizer_sha256": tokenizer_sha256(what.origin.base_model),
            "chat_template_sha256": chat_template_sha256(what.origin.base_model),
        },
        "parent": {"version": what.origin.parent.number, "sha256": what.origin.parent.sha256},
        "snapshot": what.snapshot_id,
        "code_revision": code_revision(),
        "config": what.config.model_dump(mode="json"),
    }
