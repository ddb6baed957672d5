"""What the browser is shown is put together in time that grows with the text, and with nothing else."""

import time
from datetime import UTC, datetime

import pytest

from chat_ui.events import values_of
from chat_ui.records import ConversationTree, Message
from chat_ui.screen import open_page

RUNS = "".join("`" * length + " " for length in range(1, 1378))  # 950 KB, none of which closes another


@pytest.mark.parametrize("parts", [1, 10])
def test_a_long_chat_of_backticks_holds_nobody_up(parts: int) -> None:
    size = len(RUNS) // parts
    messages = tuple(
        Message(id=f"m{number}", parent_id=f"m{number - 1}" if number else None, role="user", content=RUNS[:size])
        for number in range(parts)
    )
    tree = ConversationTree(id="c", updated_at=datetime.now(UTC), messages=messages)
    begun = time.process_time()
    values_of(open_page(tree, f"m{parts - 1}"))
    assert time.process_time() - begun < 0.1
