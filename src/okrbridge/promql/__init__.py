"""PromQL as text and syntax tree: reading it, naming its faults, rendering it. No network."""
