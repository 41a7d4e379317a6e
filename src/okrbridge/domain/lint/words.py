"""The words by which lints read titles. They err on the side of silence: a good title gives no finding."""

from __future__ import annotations

import re

_RISING = frozenset(
    ("add", "boost", "double", "expand", "extend", "gain", "grow", "increase", "lift", "maximize", "raise", "triple")
)
_FALLING = frozenset(
    ("cut", "decrease", "drop", "eliminate", "halve", "lower", "minimize", "reduce", "remove", "shorten", "shrink")
)


def goes_up(text: str) -> bool | None:
    """Whether the first word of a title or of the key ``verb`` goes up; None when it says no direction.

    Worked examples: "Reduce latency" goes down, "Increase uptime" up, "Keep uptime" nowhere.
    """
    first = (re.findall(r"[\w-]+", text.casefold()) or [""])[0]
    return True if first in _RISING else False if first in _FALLING else None


TASKS = frozenset(
    (
        "adopt", "announce", "arrange", "attend", "build", "conduct", "configure", "create", "deploy", "design",
        "develop", "document", "establish", "finalize", "hire", "hold", "implement", "install", "introduce", "launch",
        "migrate", "onboard", "organise", "organize", "perform", "plan", "prepare", "present", "purchase", "read",
        "refactor", "release", "research", "review", "rewrite", "roll", "run", "schedule", "set", "setup", "ship",
        "start", "upgrade", "write",
    )
)  # fmt: skip
"""Verbs that begin a task."""

_METRIC_NOUNS = (
    "age|availability|burn|cost|costs|count|coverage|cycle|duration|errors?|failures?|freshness|frequency|lag|latency"
    "|lead|load|markers?|quality|ratio|rates?|readiness|share|size|speed|success|throughput|times?|volume"
)
NAMES_A_METRIC = re.compile(rf"^[\w-]+(?:\s+[\w-]+)?\s+(?:{_METRIC_NOUNS})\b", re.IGNORECASE)
"""A title that begins like a task and names a metric: deploy frequency, release lead time."""

PASSIVE_TASKS = re.compile(
    r"\b(?:course|hackathon|meeting|seminar|training|workshop)s?\s+(?:is|are|was|were)?\s*"
    r"(?:conducted|done|given|held|organi[sz]ed|run)\b|\bcourse on\b|\bwrites? tests first\b|\btest-first for\b",
    re.IGNORECASE,
)
"""Tasks that are told in other words."""

OUTPUTS = re.compile(
    r"^(?:build|close|complete|create|deliver|finish|fix|merge|produce|publish|release|resolve|ship|write)\s+"
    r"(?:at least\s+|all\s+|more\s+than\s+)?\d[\d,.]*\+?\s+(?!(?:%|percent|times|out)\b)[a-z]"
    r"|\b(?:features?|items|stories|story points|tasks|work|work items)\s+(?:is\s+|are\s+)?"
    r"(?:closed|completed|delivered|done|finished|merged|shipped)\b"
    r"|\bstory points\b|\blines of code\b|\bfeatures per (?:cycle|sprint|quarter|month)\b",
    re.IGNORECASE,
)
"""Output: how much was made, not what became of it."""

CUMULATIVE = re.compile(
    r"\b(?:total|cumulative|accumulated|all-time|lifetime|overall number of|ever)\s+(?:number of\s+|count of\s+)?"
    r"(?:accounts|customers|downloads|followers|impressions|installs|likes|members|page\s?views|pageviews|"
    r"registrations|registered\s+\w+|sign-?ups|subscribers|users|views|visitors|visits)\b",
    re.IGNORECASE,
)
"""Counts that can only grow."""

VAGUE = re.compile(
    r"\b(?:better|decreas\w+|enhanc\w+|faster|fewer|grow|improv\w+|increas\w+|less|longer|lower|more|optimi[sz]\w+|"
    r"reduc\w+|sooner|stronger|strengthen)\b",
    re.IGNORECASE,
)
"""Words that promise a change and want a number."""

UNDEFINED = re.compile(
    r"\b(?:aware(?:ness)?|culture|efficiency|engagement|excellence|happiness|innovation|maturity|mistakes|"
    r"productivity|realistic)\b|\bwho know\b",
    re.IGNORECASE,
)
"""Things that everybody measures in another way."""

_BAD_WHEN_HIGH = (
    r"latency|response times?|load times?|error rates?|errors(?! budget)|failures|incidents|outages|downtime|churn|"
    r"toil|defects|bugs|complaints|vulnerabilities|lead times?|build times?"
)
_GOOD_WHEN_HIGH = (
    r"uptime|availability|conversion|retention|adoption|satisfaction|nps|csat|revenue|success rates?|test coverage"
)
_BETWEEN = (
    r"(?:\s+(?!of\b|between\b|without\b|with\b|for\b|to\b|from\b|within\b|under\b|that\b|in which\b)[\w-]+){0,4}?"
)
_AFTER = r"(?=\s*(?:$|[,.;(]|\b(?:and|at|by|for|from|in|of|on|to|under|while)\b))"
CONTRADICTING = re.compile(
    rf"\b(?:increases?|raise|grow|more|higher){_BETWEEN}\s+(?:{_BAD_WHEN_HIGH}){_AFTER}"
    rf"|\b(?:decreases?|reduce|lower|less){_BETWEEN}\s+(?:{_GOOD_WHEN_HIGH}){_AFTER}",
    re.IGNORECASE,
)
"""A wish for more of what is bad, or for less of what is good."""

WAY = re.compile(r"\bfrom\b.*\d.*\bto\b.*\d", re.IGNORECASE)
"""From X to Y: what the recipe for a key result asks for."""

CUSTOMER = re.compile(
    r"\b(?:activation|adoption|availability|churn|complaints?|conversion|csat|customers?|downtime|guests?|latency|"
    r"load times?|nps|onboarding|orders?|pages?|partners?|payments?|renewals?|response times?|responses?|retention|"
    r"satisfaction|search(?:es)?|subscribers?|tickets?|uptime|users?|visitors?)\b",
    re.IGNORECASE,
)
"""What a customer notices."""
