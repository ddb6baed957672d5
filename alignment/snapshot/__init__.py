"""Feedback frozen into files: collected, cleaned with counts, split by prompt, hashed."""
