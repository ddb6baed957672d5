"""The slow proofs: cost of the gateway, crashes, overload. Results stand in `results/`, with machine and command."""
