"""Scorers in lm-eval's form, which run in lm-eval's environment.

Beside `evals.tasks.text` and `ledger.refusals`, both copied there, they may import the standard library and what
lm-eval brings. Each takes a row, whose column `key` is JSON, and the model's answers, of which there is one; it returns
a value for each metric that the row counts for. `totals.py` sums up the values that are no number.
"""
