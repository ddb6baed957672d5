"""The reward model: one scalar per answer, learned from comparisons and thumbs together."""
