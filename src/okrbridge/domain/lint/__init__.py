"""Lints: what is likely wrong with objectives and key results though it can be evaluated."""
