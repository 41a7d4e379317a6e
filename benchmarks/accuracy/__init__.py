"""Accuracy: what okrbridge and other engines count, against simulated services that know the truth."""
