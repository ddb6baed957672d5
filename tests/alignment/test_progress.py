"""Metrics while a run goes: TensorBoard shows a resumed run as if it had never been killed."""

from pathlib import Path

from transformers import TrainerControl, TrainerState, TrainingArguments

from alignment.progress import WriteTensorBoard
from tests.alignment.board import shown


def test_tensorboard_leaves_out_the_steps_that_a_resumed_run_does_again(tmp_path: Path) -> None:
    arguments, control = TrainingArguments(output_dir=str(tmp_path), use_cpu=True), TrainerControl()
    for first, losses in ((0, [4.0, 3.0, 2.0]), (1, [2.5, 1.5])):  # killed after three steps; the checkpoint was at 1
        board = WriteTensorBoard(tmp_path / "board")
        state = TrainerState(global_step=first)
        board.on_train_begin(arguments, state, control)
        for loss in losses:
            state.global_step += 1
            board.on_log(arguments, state, control, {"loss": loss, "note": "no number"})
        board.on_train_end(arguments, state, control)
    assert shown(tmp_path / "board") == {"loss": {1: 4.0, 2: 2.5, 3: 1.5}}


def test_only_the_first_process_writes(tmp_path: Path) -> None:
    arguments, control = TrainingArguments(output_dir=str(tmp_path), use_cpu=True), TrainerControl()
    board, state = WriteTensorBoard(tmp_path / "board"), TrainerState(is_world_process_zero=False)
    board.on_train_begin(arguments, state, control)
    board.on_log(arguments, state, control, {"loss": 1.0})
    board.on_train_end(arguments, state, control)
    assert not (tmp_path / "board").exists()
