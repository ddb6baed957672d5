"""Calls of the official Python client, each sent to bare vLLM and through the gateway: what passes only there.

`python -m benchmarks.client_checks` starts Attune with a real vLLM and the starter, and asks the same engine twice: on
its own socket, past the gateway, and through the gateway; which of the two is asked first alternates.
"""
