"""All checks."""

from benchmarks.client_checks import fields, messages, other_routes, shapes
from benchmarks.client_checks.check import Check

CHECKS: tuple[Check, ...] = (*messages.CHECKS, *fields.CHECKS, *shapes.CHECKS, *other_routes.CHECKS)
