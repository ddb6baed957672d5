"""What accelerate's config must not say."""

import pytest

from alignment.errors import AlignmentError
from alignment.training_arguments import this_process


@pytest.mark.parametrize(
    ("variable", "key"),
    [
        ("FSDP_CPU_RAM_EFFICIENT_LOADING", "fsdp_cpu_ram_efficient_loading"),
        ("ACCELERATE_DEEPSPEED_ZERO3_INIT", "zero3_init_flag"),
    ],
)
def test_processes_that_would_not_load_the_weights_are_refused(
    variable: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "true")
    with pytest.raises(AlignmentError, match=f"Set {key}: false"):
        this_process()
    monkeypatch.setenv(variable, "false")
    assert this_process().num_processes == 1
