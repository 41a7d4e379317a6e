"""Faultless documents of which no lint has anything to say."""

from tests.unit.definitions.samples import EVERYTHING

SOUND = f"{EVERYTHING}    - {{name: budget, allowance: 50%, measure: {{slo: api-availability}}}}\n"
