"""Clients that people use, each unchanged in an environment of its own, through the gateway.

`python -m benchmarks.clients` installs what is missing under `--environments`, starts the gateway in front of a
scripted engine (`scripted_engine`) and Attune with a real vLLM and the starter, and runs each client's script
(`scripts/`) on both. A script is what a user of the client writes; `cases` says what must come of it.
"""
