"""Proximal policy optimisation: the policy against the reward model, held near the parent version."""
