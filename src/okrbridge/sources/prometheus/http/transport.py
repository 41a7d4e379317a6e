"""One HTTP exchange with a deadline and a size limit; every failure becomes a SourceError."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests
import urllib3
from requests.auth import AuthBase

from okrbridge.errors import SourceError, SourceFailureReason
from okrbridge.sources.prometheus.http.envelope import Asked, Reply, TooLargeError
from okrbridge.sources.prometheus.http.retrying import Deadline, retry_after_seconds

_READ_SIZE = 1024 * 1024
_CONNECT_SECONDS = 5.0
_METHOD_REFUSED = frozenset({405, 501})


@dataclass
class Transport:
    """Sends forms over a session.

    Attributes:
        largest_answer: in bytes, unpacked.
        method: POST, because a query may be longer than a URL; GET once the server refused POST.
    """

    session: requests.Session
    auth: AuthBase
    largest_answer: int
    method: str = "POST"

    def send(self, url: str, form: Mapping[str, str], asked: Asked, deadline: Deadline) -> Reply:
        """One try.

        Raises:
            SourceError: no answer, a partial one, or one that is too large. HTTP errors are replies.
        """
        reply = self._exchange(self.method, url, form, asked, deadline)
        if reply.status in _METHOD_REFUSED and self.method == "POST":
            reply = self._exchange("GET", url, form, asked, deadline)
            if reply.status not in _METHOD_REFUSED:
                self.method = "GET"
        return reply

    def _exchange(self, method: str, url: str, form: Mapping[str, str], asked: Asked, deadline: Deadline) -> Reply:
        remaining = deadline.remaining()
        if remaining <= 0:
            raise _too_late(asked, deadline)
        try:
            with self.session.request(
                method,
                url,
                params=form if method == "GET" else None,
                data=form if method == "POST" else None,
                auth=self.auth,
                timeout=(min(_CONNECT_SECONDS, remaining), remaining),
                allow_redirects=False,
                stream=True,
                verify=self.session.verify,  # said here too, or the environment's certificates would win
                cert=self.session.cert,
            ) as response:
                return self._read(response, asked, deadline)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise network_failure(error, asked, deadline.seconds) from error

    def _read(self, response: requests.Response, asked: Asked, deadline: Deadline) -> Reply:
        body = bytearray()
        # read1 gives what has arrived; a plain read would wait for a full buffer, past any deadline.
        while part := response.raw.read1(_READ_SIZE, decode_content=True):
            body += part
            if len(body) > self.largest_answer:
                message = f"answered with more than {self.largest_answer} bytes; narrow the query"
                raise asked.failure(SourceFailureReason.BAD_ANSWER, message, TooLargeError)
            if deadline.remaining() <= 0:
                raise _too_late(asked, deadline)
        headers = response.headers
        return Reply(
            status=response.status_code,
            body=bytes(body),
            content_type=headers.get("Content-Type", ""),
            location=_without_secrets(headers.get("Location", "")),
            retry_after=retry_after_seconds(headers["Retry-After"]) if "Retry-After" in headers else None,
        )


def network_failure(error: Exception, asked: Asked, seconds: float) -> SourceError:
    """What a failed exchange means; only failures to connect, or to stay connected, are worth another try.

    Args:
        seconds: how long the exchange could take.
    """
    meaning = next((one for one in _MEANINGS if isinstance(error, one.errors)), _NO_REQUEST)
    message = meaning.message.format(cause=root_cause(error), seconds=f"{seconds:g}")
    return (asked.transient if meaning.is_transient else asked.failure)(meaning.reason, message)


@dataclass(frozen=True, slots=True)
class _Meaning:
    errors: tuple[type[Exception], ...]
    reason: SourceFailureReason
    message: str
    is_transient: bool = False


# The first that applies; ConnectTimeout and SSLError are also ConnectionErrors for requests.
_MEANINGS = (
    _Meaning(
        (requests.ConnectTimeout,),
        SourceFailureReason.UNREACHABLE,
        "cannot be reached: nothing answers there",
        is_transient=True,
    ),
    _Meaning(
        (requests.Timeout, urllib3.exceptions.TimeoutError),
        SourceFailureReason.TIMEOUT,
        "did not answer within {seconds} s",
    ),
    _Meaning(
        (requests.exceptions.SSLError, urllib3.exceptions.SSLError),
        SourceFailureReason.UNREACHABLE,
        "cannot be trusted: {cause}; see ca_file, cert_file and insecure_skip_verify",
    ),
    _Meaning(
        (requests.exceptions.ContentDecodingError, urllib3.exceptions.DecodeError),
        SourceFailureReason.BAD_ANSWER,
        "answered with a body that cannot be unpacked",
    ),
    _Meaning(
        (requests.ConnectionError, urllib3.exceptions.ProtocolError),
        SourceFailureReason.UNREACHABLE,
        "cannot be reached: {cause}",
        is_transient=True,
    ),
    _Meaning(
        (requests.RequestException, urllib3.exceptions.HTTPError),
        SourceFailureReason.UNREACHABLE,
        "cannot be asked: {cause}",
    ),
)
_NO_REQUEST = _Meaning((OSError,), SourceFailureReason.UNAUTHORIZED, "cannot be asked: {cause}")
"""No request was sent, because a token or a certificate file cannot be read."""


def root_cause(error: BaseException) -> str:
    """The innermost explanation of a network error, without addresses in memory and without URLs."""
    deepest = error
    while (inner := _inner(deepest)) is not None:
        deepest = inner
    if isinstance(deepest, OSError) and deepest.strerror:
        return f"{deepest.strerror}: {deepest.filename}" if deepest.filename else deepest.strerror
    return str(deepest) or type(deepest).__name__


def _inner(error: BaseException) -> BaseException | None:
    candidates = (getattr(error, "reason", None), *error.args, error.__cause__)
    return next((one for one in candidates if isinstance(one, BaseException)), None)


def _too_late(asked: Asked, deadline: Deadline) -> SourceError:
    return asked.failure(SourceFailureReason.TIMEOUT, f"did not answer within {deadline.seconds:g} s")


def _without_secrets(location: str) -> str:
    """The target of a redirect without credentials and parameters."""
    parts = urlsplit(location)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}" if host else parts.path
