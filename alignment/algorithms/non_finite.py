"""A loss that is no number ends the run: a guard for trainers that are TRL's own."""

import math
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from alignment.errors import NonFiniteLoss


class StopOnNonFinite(TrainerCallback):
    """Looks at the loss and the gradient's norm of each step, before a checkpoint is written."""

    def __init__(self, algorithm: str) -> None:
        self._algorithm = algorithm

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """Runs after each step.

        Raises:
            NonFiniteLoss: One of them is NaN or infinite.
        """
        for name in ("loss", "grad_norm"):
            value = float((logs or {}).get(name, 0.0))
            if not math.isfinite(value):
                raise NonFiniteLoss(
                    f"{self._algorithm}'s {name} is {value} at step {state.global_step}: training stopped, and nothing "
                    "was registered. Lower the learning rate, or look for damaged weights in the model."
                )
