"""When ticks happen."""
