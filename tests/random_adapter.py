"""Adapters of random weights over a model, each with its probe, as an alignment run would leave them."""

import json
import shutil
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select

from ledger.clock import utc_now
from ledger.database import Database
from ledger.records import VersionForm
from ledger.schema import model_versions


def write_random_adapters(base: Path, out: Path, count: int) -> list[Path]:
    """Writes `count` different LoRAs over all linear layers of `base`, with `probe.json`; returns their folders."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    from alignment import probe

    folders = []
    for number in range(count):
        torch.manual_seed(number)
        model: Any = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
        lora = LoraConfig(r=4, lora_alpha=8, target_modules="all-linear", task_type="CAUSAL_LM")
        adapted = get_peft_model(model, lora)
        for name, weight in adapted.named_parameters():
            if "lora_" in name:
                torch.nn.init.normal_(weight, std=0.05)
        folder = out / f"adapter{number}"
        adapted.save_pretrained(folder, save_embedding_layers=False)
        (folder / "probe.json").write_text(probe.compute(base, folder).model_dump_json())
        folders.append(folder)
    return folders


def write_whole_weights(base: Path, adapter: Path, out: Path) -> Path:
    """Writes the model that `base` is with an adapter, with the same `probe.json`, to a new folder; returns it."""
    from server.controller.merge import merge

    merge(base, adapter, out, "float32")
    shutil.copyfile(adapter / "probe.json", out / "probe.json")
    return out


def register_passed(database: Database, folder: Path, parent: int, form: VersionForm = "adapter") -> int:
    """Registers an adapter, or a model of whole weights, as a version that passed the gate; returns its number."""
    weights = folder / ("adapter_model.safetensors" if form == "adapter" else "model.safetensors")
    with database.write() as connection:
        number = int(connection.execute(select(func.max(model_versions.c.number))).scalar_one()) + 1
        row = {
            "number": number,
            "parent_number": parent,
            "form": form,
            "path": str(folder),
            "sha256": sha256(weights.read_bytes()).hexdigest(),
            "state": "passed",
            "probe": json.loads((folder / "probe.json").read_bytes()),
            "created_at": utc_now(),
        }
        connection.execute(insert(model_versions).values(row))
    return number


if __name__ == "__main__":
    import sys

    write_random_adapters(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
