"""Counting by pushing down: the server subtracts and sums."""
