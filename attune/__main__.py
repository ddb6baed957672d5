"""`python -m attune` is the same as `attune`."""

from attune.cli import main

main()
