"""The version's README.md in the Hugging Face form: what it is, what it learned from, and how well."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alignment.figures import figures
from alignment.origin import Origin
from alignment.snapshot.stage import PartCounts, SnapshotCounts

_NAMES = {
    "ppo": "PPO (Schulman et al. 2017, arXiv:1707.06347) against a reward model of the feedback",
    "kto": "KTO (Ethayarajh et al. 2024, arXiv:2402.01306)",
    "dpo": "DPO (Rafailov et al. 2023, arXiv:2305.18290)",
    "sft": "supervised fine-tuning on liked and corrected answers",
}


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a version learned from and how well.

    Attributes:
        reason: Why this algorithm.
        reports: What each learning stage says, by its name.
        energy: Joules of each stage, by its name, and how they were found.
    """

    algorithm: str
    reason: str
    counts: SnapshotCounts
    reports: Mapping[str, Mapping[str, Any]]
    energy: Mapping[str, Mapping[str, Any]]


def model_card(origin: Origin, lesson: Lesson, about: Mapping[str, Any]) -> str:
    """Returns the card."""
    from huggingface_hub import ModelCardData

    data = ModelCardData(
        base_model=origin.base_model.name,
        library_name="peft",
        pipeline_tag="text-generation",
        license=_licence(origin.base_model),
        tags=["attune", "lora", "trl", lesson.algorithm],
    )
    sections = [
        f"---\n{data.to_yaml()}\n---",
        f"# {origin.base_model.name}, aligned by run {about['run']}",
        f"A LoRA adapter over {origin.base.name} ({origin.base_model.name}), trained from {origin.parent.name} by "
        f"{_NAMES[lesson.algorithm]}.",
        f"Chosen: {lesson.reason}",
        "## What it learned from",
        _feedback(lesson.counts),
        *_results(lesson.reports),
        "## Energy",
        _energy(lesson.energy),
        "## Use",
        _use(),
        "## Made from",
        _table(("what", "which"), _lineage(about)),
        "`manifest.json` holds the SHA-256 of every file and the whole configuration, `probe.json` the "
        "log-probabilities by which a loaded copy is recognised.",
        "## Limits",
        "It learned what the people behind this feedback liked, which can differ from what is true, safe or wanted by "
        "others. The figures above are on held-out feedback of the same people; they say nothing about other prompts.",
    ]
    return "\n\n".join(sections) + "\n"


def _feedback(counts: SnapshotCounts) -> str:
    names = [name for name in PartCounts.model_fields if name not in ("unnamed",)]
    rows = [(name.replace("_", " "), getattr(counts.train, name), getattr(counts.heldout, name)) for name in names]
    dropped = ", ".join(f"{count} {reason.replace('_', ' ')}" for reason, count in counts.dropped.items()) or "nothing"
    return f"{_table(('', 'training', 'held out'), rows)}\n\nDropped: {dropped}."


def _results(reports: Mapping[str, Mapping[str, Any]]) -> list[str]:
    return [
        part
        for stage, report in reports.items()
        for part in (f"## Result of the stage {stage}", _table(("figure", "value"), list(figures(report))))
    ]


def _energy(energy: Mapping[str, Mapping[str, Any]]) -> str:
    rows = [(stage, f"{found['joules'] / 1000:.1f} kJ", found["cpu"], found["gpu"]) for stage, found in energy.items()]
    return _table(("stage", "energy", "CPU", "GPU"), rows) + (
        "\n\nAttempts that were interrupted are not in these figures, nor are memory, disks and cooling."
    )


def _use() -> str:
    return (
        "```python\nfrom peft import PeftModel\nfrom transformers import AutoModelForCausalLM\n\n"
        'model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained("BASE"), "THIS_FOLDER")\n```\n\n'
        "vLLM: `vllm serve BASE --enable-lora --lora-modules attune=THIS_FOLDER`."
    )


def _lineage(about: Mapping[str, Any]) -> list[tuple[str, str]]:
    base, parent = about["base_model"], about["parent"]
    return [
        ("base model", f"v{base['version']}, SHA-256 `{base['sha256']}`"),
        ("tokenizer", f"SHA-256 `{base['tokenizer_sha256']}`"),
        ("chat template", f"SHA-256 `{base['chat_template_sha256']}`"),
        ("parent", f"v{parent['version']}, SHA-256 `{parent['sha256']}`"),
        ("snapshot of feedback", f"`{about['snapshot']}`"),
        ("run", f"`{about['run']}`"),
        ("code", f"`{about['code_revision']}`"),
    ]


def _table(headings: tuple[str, ...], rows: list[Any]) -> str:
    lines = [headings, ("---",) * len(headings), *rows]
    return "\n".join(
        "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in line) + " |" for line in lines
    )


def _licence(model: Path) -> str | None:
    """The licence that the base model's card names; an adapter over it comes under the same."""
    card = model / "README.md"
    if not card.is_file():
        return None
    lines = card.read_text(encoding="utf-8").split("\n---", 1)[0].splitlines()
    named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("license:")]
    return named[0] if named else None
