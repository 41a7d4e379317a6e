"""Times slo-generator on SLOs of the fleet; run by the Python of its own environment, which has no okrbridge in it.

Prints one line of JSON: seconds for each SLO.
"""

import json
import logging
import sys
import time
from typing import Any

from slo_generator.compute import compute

WINDOWS = (3600, 43200, 604800, 2419200)


def main() -> None:
    """Arguments: the server's address, the metric's name, the services' names."""
    url, metric, *services = sys.argv[1:]
    logging.disable(logging.CRITICAL)
    steps = [
        {
            "name": str(window),
            "window": window,
            "burn_rate_threshold": 1,
            "alert": False,
            "message_alert": "",
            "message_ok": "",
        }
        for window in WINDOWS
    ]
    config = {
        "backends": {"prometheus": {"url": url}},
        "error_budget_policies": {"default": {"steps": steps}},
        "exporters": {},
        "default_exporters": [],
    }
    seconds = []
    for service in services:
        began = time.perf_counter()
        reports = compute(_slo(service, metric), config, do_export=False)
        seconds.append(time.perf_counter() - began)
        if len(reports) != len(WINDOWS):
            raise SystemExit(f"slo-generator gave {len(reports)} reports for {service}")
    print(json.dumps(seconds))  # noqa: T201 - the caller reads it


def _slo(service: str, metric: str) -> dict[str, Any]:
    return {
        "apiVersion": "sre.google.com/v2",
        "kind": "ServiceLevelObjective",
        "metadata": {"name": service, "labels": {"service_name": service, "feature_name": "f", "slo_name": "s"}},
        "spec": {
            "description": service,
            "backend": "prometheus",
            "method": "good_bad_ratio",
            "service_level_indicator": {
                "filter_good": f'{metric}{{service="{service}",code!~"5.."}}[window]',
                "filter_bad": f'{metric}{{service="{service}",code=~"5.."}}[window]',
            },
            "goal": 0.999,
            "exporters": [],
            "error_budget_policy": "default",
        },
    }


if __name__ == "__main__":
    main()
