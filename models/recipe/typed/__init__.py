"""What people typed: for evaluation only, never trained on."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent

FIRST_QUESTIONS = tuple((_HERE / "first_questions.txt").read_text(encoding="utf-8").splitlines())
"""100 questions that people type first, all outside of what a starter model knows."""

CONVERSATIONS = tuple(
    tuple(block.splitlines())
    for block in (_HERE / "conversations.txt").read_text(encoding="utf-8").strip().split("\n\n")
)
"""30 conversations: what the user says, turn by turn."""
