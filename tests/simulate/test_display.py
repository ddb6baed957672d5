"""How a simulation shows what it does, where there is no terminal to draw on."""

from io import StringIO

from rich.console import Console

from attune.simulate.display import Display


def test_without_a_terminal_each_step_is_one_line() -> None:
    out = StringIO()
    with Display(Console(file=out, width=200), rounds=2) as display:
        for number in (1, 2):
            with display.step(f"round {number}: people chat", 100) as step:
                for _ in range(100):
                    step.advance()
                step.tell("done")
            display.round_done()
    lines = out.getvalue().splitlines()
    assert [line.split("s  ")[1] for line in lines] == ["round 1: people chat", "round 2: people chat"]
    assert not {"\r", "\x1b"} & set(out.getvalue())
