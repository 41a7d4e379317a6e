"""Systems that count events and evaluate expressions, behind the port ``application.ports.MetricSource``."""
