"""Benchmarks: ratios inside one run, printed as a table and one line of JSON."""
