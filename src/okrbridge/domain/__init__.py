"""Arithmetic of SLOs and OKRs: pure, typed, no clock, no logging, no I/O."""
