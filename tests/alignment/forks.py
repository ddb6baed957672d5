"""Processes that can be killed, and that start fast: they are forked from one that has imported what takes seconds."""

from multiprocessing import get_context

FORKS = get_context("forkserver")
FORKS.set_forkserver_preload(["torch", "peft", "transformers", "tests.alignment.job_process"])
