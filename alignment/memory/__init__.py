"""The memory of a run: reckoned before it starts, kept within a limit, watched while it learns."""
