"""The metrics page in the Prometheus text format, rendered, and compressed, once for each snapshot."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from itertools import chain, islice

from okrbridge.application.ports import Clock
from okrbridge.application.snapshot import Snapshot, SnapshotHolder
from okrbridge.publishing import families
from okrbridge.publishing.families import Sample
from okrbridge.publishing.gzip_parts import Compressed, compressed, finished
from okrbridge.publishing.slo_families import SloLabels, SloPage
from okrbridge.publishing.text_format import family_head, number

DEFAULT_MAX_SERIES = 100_000
DEFAULT_MAX_AGE = timedelta(minutes=5)
_NO_CAP = 2**62


def render(snapshot: Snapshot, *, max_series: int = DEFAULT_MAX_SERIES, labels: SloLabels | None = None) -> list[bytes]:
    """A snapshot as a page of the text format 0.0.4, in blocks that follow each other: copying it would take a while.

    Args:
        max_series: the page holds no more series than this, SLOs first; ``okrbridge_metrics_series_dropped`` tells
            how many were left out. The few series about the evaluation itself are always there. 0 is no cap.
        labels: of the snapshot's SLOs, from the page before.
    """
    cap = max_series or _NO_CAP
    slos = SloPage(snapshot.slos, labels or SloLabels(snapshot.slos.directory), cap)
    blocks = list(slos.blocks())
    samples = list(families.samples(snapshot))
    kept = list(islice(samples, cap - slos.kept))
    series = slos.kept + len(kept)
    about = [
        *families.about_evaluation(snapshot),
        ("okrbridge_metrics_series", "", float(series)),
        ("okrbridge_metrics_series_dropped", "", float(slos.series + len(samples) - series)),
    ]
    return [*blocks, _page(chain(kept, about))]


def _page(samples: Iterable[Sample]) -> bytes:
    lines: list[str] = []
    family = ""
    for name, labels, value in samples:
        if name != family:
            family = name
            lines.append(family_head(name).decode())
        lines.append(f"{name}{labels} {number(value)}")
    lines.append("")
    return "\n".join(lines).encode()


@dataclass(frozen=True)
class _Rendered:
    """A page, compressed when it is first asked for so."""

    snapshot: Snapshot
    page: Sequence[bytes]

    @cached_property
    def compressed(self) -> Compressed:
        return compressed(self.page)


class MetricsPage:
    """Answers ``GET /metrics``: the page of the current snapshot, followed by the process' own metrics.

    A snapshot older than ``max_age`` is left out, so that the numbers of a service that stopped evaluating go stale
    in Prometheus instead of standing still; when it was evaluated remains on the page.

    Args:
        process_metrics: the process' own metrics in the same format.
        version: of okrbridge, for ``okrbridge_build_info``.
    """

    def __init__(
        self,
        snapshots: SnapshotHolder,
        clock: Clock,
        process_metrics: Callable[[], bytes],
        *,
        version: str,
        max_series: int = DEFAULT_MAX_SERIES,
        max_age: timedelta = DEFAULT_MAX_AGE,
    ) -> None:
        self._snapshots = snapshots
        self._clock = clock
        self._process_metrics = process_metrics
        self._build_info = _page([families.build_info(version)])
        self._max_series = max_series
        self._max_age = max_age
        self._rendered: _Rendered | None = None
        self._labels: SloLabels | None = None
        # Two scrapes at once share the work instead of doing it twice.
        self._working = threading.Lock()

    def __call__(self) -> bytes:
        """The page as it stands now."""
        return b"".join(self.parts(is_compressed=False))

    def parts(self, *, is_compressed: bool) -> Sequence[bytes]:
        """The page as it stands now in blocks that follow each other.

        Args:
            is_compressed: whether the blocks make a gzip file.
        """
        own = self._build_info + self._process_metrics()
        rendered = self._current()
        if not is_compressed:
            return [*rendered.page, own] if rendered else [own]
        with self._working:
            start = rendered.compressed if rendered else compressed([])
        return [start.data, finished(start, own)]

    def _current(self) -> _Rendered | None:
        snapshot = self._snapshots.current
        if snapshot is None:
            return None
        if self._clock() - snapshot.published_at > self._max_age:
            return _Rendered(snapshot, [_page(families.about_evaluation(snapshot))])
        with self._working:
            if self._rendered is None or self._rendered.snapshot is not snapshot:
                self._rendered = _Rendered(snapshot, self._render(snapshot))
            return self._rendered

    def _render(self, snapshot: Snapshot) -> list[bytes]:
        if self._labels is None or self._labels.directory is not snapshot.slos.directory:
            self._labels = SloLabels(snapshot.slos.directory)
        return render(snapshot, max_series=self._max_series, labels=self._labels)
