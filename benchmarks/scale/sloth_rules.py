"""The recording and alerting rules that Sloth generates for an SLO of the fleet, as a rule file.

Written from Sloth's documentation of its default rules: eight SLI recordings, seven of metadata, two alerts.
"""

from __future__ import annotations

from typing import Any

import yaml

from benchmarks.scale.fleet import METRIC, service_name

_WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")


def rule_file(services: int, interval: str) -> str:
    """YAML of the rules of the first services of the fleet."""
    groups = [group for number in range(services) for group in _groups(service_name(number), interval)]
    return yaml.safe_dump({"groups": groups}, sort_keys=False)


def _groups(service: str, interval: str) -> list[dict[str, Any]]:
    labels = {"sloth_id": f"{service}-availability", "sloth_service": service, "sloth_slo": "availability"}
    chosen = ", ".join(f'{name}="{value}"' for name, value in labels.items())
    return [
        {"name": f"sloth-slo-sli-recordings-{service}", "interval": interval, "rules": _recordings(service, labels)},
        {"name": f"sloth-slo-meta-recordings-{service}", "interval": interval, "rules": _metadata(labels, chosen)},
        {"name": f"sloth-slo-alerts-{service}", "interval": interval, "rules": _alerts(chosen)},
    ]


def _recordings(service: str, labels: dict[str, str]) -> list[dict[str, Any]]:
    bad, total = f'{METRIC}{{service="{service}",code=~"5.."}}', f'{METRIC}{{service="{service}"}}'
    rules = [
        {
            "record": f"slo:sli_error:ratio_rate{window}",
            "expr": f"(sum(rate({bad}[{window}])))\n/\n(sum(rate({total}[{window}])))",
            "labels": {**labels, "sloth_window": window},
        }
        for window in _WINDOWS
    ]
    chosen = ", ".join(f'{name}="{value}"' for name, value in labels.items())
    short = f"slo:sli_error:ratio_rate5m{{{chosen}}}[30d]"
    mean = f"sum_over_time({short})\n/ ignoring (sloth_window)\ncount_over_time({short})"
    return [
        *rules,
        {"record": "slo:sli_error:ratio_rate30d", "expr": mean, "labels": {**labels, "sloth_window": "30d"}},
    ]


def _metadata(labels: dict[str, str], chosen: str) -> list[dict[str, Any]]:
    grouped = "on(sloth_id, sloth_slo, sloth_service) group_left"
    ratios = {
        "slo:objective:ratio": "vector(0.999)",
        "slo:error_budget:ratio": "vector(1-0.999)",
        "slo:time_period:days": "vector(30)",
        "slo:current_burn_rate:ratio": (
            f"slo:sli_error:ratio_rate5m{{{chosen}}}\n/ {grouped}\nslo:error_budget:ratio{{{chosen}}}"
        ),
        "slo:period_burn_rate:ratio": (
            f"slo:sli_error:ratio_rate30d{{{chosen}}}\n/ {grouped}\nslo:error_budget:ratio{{{chosen}}}"
        ),
        "slo:period_error_budget_remaining:ratio": f"1 - slo:period_burn_rate:ratio{{{chosen}}}",
        "sloth_slo_info": "vector(1)",
    }
    return [{"record": record, "expr": expr, "labels": labels} for record, expr in ratios.items()]


def _alerts(chosen: str) -> list[dict[str, Any]]:
    def pair(short: str, long: str, factor: float) -> str:
        both = (f"(slo:sli_error:ratio_rate{window}{{{chosen}}} > ({factor:g} * 0.001))" for window in (short, long))
        return f"max({' and ignoring (sloth_window) '.join(both)}) without (sloth_window)"

    page = f"{pair('5m', '1h', 14.4)}\nor\n{pair('30m', '6h', 6)}"
    ticket = f"{pair('2h', '1d', 3)}\nor\n{pair('6h', '3d', 1)}"
    return [
        {"alert": "SLOErrorBudgetBurn", "expr": expr, "labels": {"sloth_severity": severity}}
        for expr, severity in ((page, "page"), (ticket, "ticket"))
    ]
