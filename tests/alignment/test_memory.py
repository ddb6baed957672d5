"""A run's memory: reckoned as autograd keeps it, planned within the limit, watched, and refused with figures."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from peft import get_peft_model
from safetensors.torch import load_file

from alignment import learners, processes, run
from alignment.adapters import load_policy, lora_config
from alignment.config import parse
from alignment.errors import NotEnoughMemory
from alignment.learners import Task
from alignment.lora import LoraSettings
from alignment.memory import need
from alignment.memory.bounds import BatchBounds
from alignment.memory.limit import GIB, EngineMemory, Limit, available_bytes, find_limit, resident_bytes
from alignment.memory.model_shape import read_shape
from alignment.memory.need import PPOModels, StageNeed
from alignment.memory.plan import StagePlan, plan
from alignment.memory.watch import own_resident_bytes, watched
from alignment.ppo.config import PPOConfig
from alignment.ppo.prompts import batch_shape
from alignment.progress import MetricsFile
from alignment.reward_model.config import RewardModelConfig
from alignment.reward_model.stage import train_reward_model
from ledger.database import Database
from tests.alignment.job_ground import fake_learners, give_feedback, job
from tests.alignment.synthetic import write_snapshot
from tests.random_model import Shape, write_random_model


@pytest.mark.parametrize("rank", [16, None])
def test_activations_are_what_autograd_keeps(rank: int | None, tmp_path: Path) -> None:
    """An independent count: the storages that the backward pass of a padded batch holds on to."""
    folder = write_random_model(tmp_path, Shape(hidden_size=96, layers=3, heads=3, kv_heads=1, ffn_size=256))
    model = load_policy(folder, None)
    if rank is not None:
        model = get_peft_model(model, lora_config(LoraSettings(rank=rank)))
    blocks = model.get_base_model().model if rank is not None else model.model
    ids = torch.randint(5, 200, (4, 96))
    mask = torch.ones_like(ids)
    mask[0, -9:] = 0
    kept: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        states = blocks(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state
    weights = {weight.untyped_storage().data_ptr() for weight in model.parameters()}
    counted = sum(size for place, size in kept.items() if place not in weights) / ids.numel()
    assert states.shape == (4, 96, 96)
    assert need.activations(read_shape(folder), rank) == pytest.approx(counted, rel=0.12)


def test_a_models_size_is_read_from_its_files(tiny_chat_model: Path) -> None:
    shape, model = read_shape(tiny_chat_model), load_policy(tiny_chat_model, None)
    assert shape.parameters == sum(weight.numel() for weight in model.parameters())
    adapted = get_peft_model(model, lora_config(LoraSettings(rank=8)))
    assert shape.lora_parameters(8) == sum(w.numel() for w in adapted.parameters() if w.requires_grad)


CONFIG = parse({"algorithm": "kto", "minimum": {"kto_thumbs": 20, "per_label": 5}}, "test")
NEED = StageNeed("dpo", {"weights": GIB}, 2**20, 2**17, 2**16, longest=512, rows=16, lower="preference.max_length")


def _limit(gib: float) -> Limit:
    return Limit(int(gib * GIB), 20 * GIB, 0, "memory_limit_gib")


def test_a_plan_fills_the_limit_with_tokens_and_no_more() -> None:
    found = plan(NEED, _limit(4))
    assert found.bounds == BatchBounds(trained_tokens=2662, scored_tokens=8192, longest=512, checkpointing=False)
    assert found.predicted_bytes <= 0.9 * found.limit_bytes + 1


def test_a_row_that_does_not_fit_is_computed_with_checkpointing() -> None:
    assert plan(NEED, _limit(1.5)).bounds.checkpointing


def test_what_cannot_fit_is_refused_with_figures() -> None:
    with pytest.raises(NotEnoughMemory) as refused:
        plan(NEED, _limit(1.1))
    said = str(refused.value)
    for part in (
        "stage dpo",
        "1.2 GiB",
        "weights 1.00",
        "1.1 GiB",
        "memory_limit_gib",
        "20.0 GiB are available",
        "512",
    ):
        assert part in said
    assert "preference.max_length" in said


def test_ppo_reckons_policy_critic_and_reward_model(tiny_chat_model: Path) -> None:
    shape = read_shape(tiny_chat_model)
    shared = need.ppo(PPOModels(shape, None, 16, answered=1000, rows=16), 100)
    own = need.ppo(PPOModels(shape, shape, 16, answered=1000, rows=16), 100)
    assert own.fixed - shared.fixed == 4 * 4 * (shape.parameters - shape.lora_parameters(16))
    assert shared.trained_token == 2 * need.activations(shape, 16)
    assert shared.resident["reward model"] == 4 * shape.parameters


def test_ppo_forwards_fewer_answers_and_keeps_its_minibatches() -> None:
    whole, cut = (batch_shape(PPOConfig(), 1, BatchBounds(tokens, longest=200)) for tokens in (None, 1000))
    assert (whole["per_device_train_batch_size"], cut["per_device_train_batch_size"]) == (16, 4)
    for shape in (whole, cut):
        assert shape["per_device_train_batch_size"] * shape["gradient_accumulation_steps"] == 32
        assert shape["per_device_train_batch_size"] * shape["steps_per_generation"] == 64


def test_available_memory_is_the_least_that_kernel_and_control_group_allow(tmp_path: Path) -> None:
    proc, group = tmp_path / "proc", tmp_path / "cgroup"
    proc.mkdir()
    group.mkdir()
    (proc / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable:    4096 kB\n")
    assert available_bytes(proc, group) == 4096 * 1024
    (group / "memory.max").write_text("max\n")
    (group / "memory.current").write_text("5\n")
    assert available_bytes(proc, group) == 4096 * 1024
    (group / "memory.max").write_text("1005\n")
    assert available_bytes(proc, group) == 1000


def test_by_default_engines_keep_their_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alignment.memory.limit.available_bytes", lambda: 20 * GIB)
    own = resident_bytes(os.getpid())
    # One engine that has all it may have, of this very process: only one more to start is left room for.
    full = EngineMemory(os.getpid(), weights_bytes=0, cache_bytes=0)
    without, beside = find_limit([], None), find_limit([full], None)
    assert without.bytes == pytest.approx(20 * GIB + own - GIB, abs=GIB / 4)
    starting = full.planned_bytes + max(0, full.planned_bytes - own)
    assert without.bytes - beside.bytes == pytest.approx(starting, abs=GIB / 4)
    assert find_limit([full], 3.0).bytes == 3 * GIB
    assert find_limit([full], 3.0, processes=2).bytes == 3 * GIB // 2
    assert find_limit([], 100.0).bytes < 30 * GIB


def test_a_stage_that_passes_its_limit_is_stopped_with_a_sentence() -> None:
    limit = own_resident_bytes() + 40 * 2**20
    with pytest.raises(NotEnoughMemory, match=r"stage ppo was stopped at .* GiB .*limit of .*--resume RUN"):  # noqa: SIM117
        with watched("ppo", limit, "go on with --resume RUN"):
            held = bytearray(limit // 10 + 120 * 2**20)
            held[::4096] = b"1" * len(held[::4096])
            until = time.monotonic() + 10
            while time.monotonic() < until:
                time.sleep(0.01)


def test_a_stage_within_its_limit_is_measured() -> None:
    with watched("ppo", 100 * GIB, "") as peak:
        held = bytearray(64 * 2**20)
        held[::4096] = b"1" * len(held[::4096])
        time.sleep(0.5)
    assert peak.peak_bytes >= 64 * 2**20 and not peak.over


def test_memory_that_the_system_refuses_is_said_in_the_same_words() -> None:
    with pytest.raises(NotEnoughMemory, match="stage kto"), watched("kto", None, "Resume."):
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")


def test_a_reward_models_batch_that_is_cut_by_tokens_has_the_gradients_of_the_whole(
    tiny_chat_model: Path, tmp_path: Path
) -> None:
    """Losses, accuracies and gradient norms of each step, and the weights at the end: pairs and thumbs."""
    snapshot = write_snapshot(tmp_path / "s", pairs=16, votes=7, heldout=4)
    config = RewardModelConfig(epochs=1, batch_size=8, bootstrap=100, shuffled_control=False, learning_rate=1e-3)
    for name, bounds in (("whole", BatchBounds()), ("cut", BatchBounds(200, 200, longest=90))):
        out = tmp_path / name
        train_reward_model(
            config, snapshot=snapshot, base_model=tiny_chat_model, out=out, seed=3, resume=False, bounds=bounds
        )
    expected, got = (MetricsFile(tmp_path / name / "metrics.jsonl").rows() for name in ("whole", "cut"))
    figures = ("loss", "grad_norm", "accuracy/pairs", "accuracy/thumbs", "num_tokens", "learning_rate")
    assert len(expected) == len(got) > 3
    for row, same in zip(expected, got, strict=True):
        assert [same.get(name, 0) for name in figures] == pytest.approx(
            [row.get(name, 0) for name in figures], rel=1e-3, abs=1e-6
        )
    whole, cut = (load_file(tmp_path / name / "model" / "model.safetensors") for name in ("whole", "cut"))
    for name, weight in whole.items():
        torch.testing.assert_close(cut[name], weight, rtol=0, atol=2e-4)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_run_that_cannot_fit_ends_before_it_learns(database: Database, tiny_chat_model: Path, tmp_path: Path) -> None:
    give_feedback(database, tiny_chat_model, tmp_path)
    learned: list[Task] = []

    def refuse(*_: object) -> Mapping[str, StagePlan]:
        raise NotEnoughMemory("The stage kto needs at least 9.0 GiB")

    real = fake_learners()

    def noted(task: Task) -> Mapping[str, Any]:
        learned.append(task)
        return real.reward_model(task)

    refusing = replace(real, reward_model=noted, reckon=refuse)
    with pytest.raises(NotEnoughMemory, match=r"9\.0 GiB"):
        run.start(job(database, tmp_path, refusing), CONFIG)
    assert learned == []

    found = StagePlan(BatchBounds(500), GIB, 2 * GIB)
    again = replace(refusing, reckon=lambda *_: {"reward-model": found})
    run.start(job(database, tmp_path, again), CONFIG)
    assert [task.memory for task in learned] == [found]


def test_a_stages_report_says_what_was_planned_and_what_was_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = SimpleNamespace(model_dump=lambda mode: {"steps": 1})
    monkeypatch.setattr("alignment.reward_model.stage.train_reward_model", lambda *_, **__: trained)
    planned = StagePlan(BatchBounds(500), 3 * GIB, 100 * GIB)
    origin: Any = SimpleNamespace(base_model=tmp_path)
    report = learners.real().reward_model(Task(CONFIG, origin, tmp_path, tmp_path / "run" / "x", False, memory=planned))
    assert report["steps"] == 1
    memory = report["memory"]
    assert memory["peak_mib"] > 50
    assert (memory["predicted_mib"], memory["limit_mib"], memory["tokens_at_once"]) == (3 * 1024, 100 * 1024, 500)


def test_a_process_that_ran_out_of_memory_does_not_wait_for_the_next_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    announced = SimpleNamespace(hear=lambda: ("reward_model", (None,)), end=lambda: None)
    monkeypatch.setattr(processes, "_Announcements", lambda: announced)

    def full(_: Task) -> Mapping[str, Any]:
        raise NotEnoughMemory("stopped")

    with pytest.raises(NotEnoughMemory):
        processes.follow(replace(fake_learners(), reward_model=full))


_HOLES = """
import sys
from alignment.memory.allocator import give_back_freed_memory
from alignment.memory.watch import own_resident_bytes

if sys.argv[1] == "told":
    give_back_freed_memory()
del (large := [b"1" * 2**25])[:]  # glibc takes up to so much from its heap from now on
before = own_resident_bytes()
held = [bytearray(b"1" * 2**20) for _ in range(300)]
held = held[::10]
print(own_resident_bytes() - before >> 20)
"""


def test_what_a_step_frees_goes_back_to_the_system() -> None:
    """30 MiB are held of 300 that were had, with holes between them; without the cure nearly all 300 stay."""
    told, untold = (
        int(subprocess.run([sys.executable, "-c", _HOLES, how], check=True, capture_output=True, text=True).stdout)
        for how in ("told", "untold")
    )
    assert told < 60 < 200 < untold
