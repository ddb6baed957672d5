"""Tasks: questions with a scorer. `task.py` says what one is, `shipped.py` lists those that come with the project."""
