"""Evaluations of served models, and the gate that a candidate must pass. Imports only `ledger` of ours."""
