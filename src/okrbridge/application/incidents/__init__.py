"""Incidents: what each touched, what it cost, and the form of its postmortem."""
