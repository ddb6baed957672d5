"""Starts, watches and stops the engines; the only one that does."""
