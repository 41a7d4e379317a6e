"""How a Prometheus is reached: address, credentials, certificates. Secrets show in no message and no repr."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase, HTTPBasicAuth
from urllib3.util.retry import Retry

from okrbridge.errors import ConfigurationError


@dataclass(frozen=True)
class Connection:
    """Address and credentials of one server.

    Attributes:
        url: ``http://host:port/prefix``, without credentials once it went through ``checked``.
        bearer_token_file: read again whenever it changes, so that rotated tokens are followed.
        ca_file: certificates to trust instead of the system's.
        cert_file, key_file: this client's own certificate (mTLS).
        org_id: sent as ``X-Scope-OrgID``, the tenant of Mimir, Cortex and Loki.
    """

    url: str
    bearer_token_file: str = ""
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    insecure_skip_verify: bool = False
    org_id: str = ""

    def checked(self) -> Connection:
        """The same connection with the URL's own credentials moved out of it and no slash at its end.

        Raises:
            ConfigurationError: the URL or the set of credentials cannot work.
        """
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ConfigurationError("the url of a Prometheus must look like http://prometheus:9090")
        if parts.query or parts.fragment:
            raise ConfigurationError("the url of a Prometheus must end before any ? or #; declare credentials by key")
        if self.bearer_token_file and (self.username or self.password):
            raise ConfigurationError("declare either bearer_token_file or username and password, not both")
        if not (self.org_id.isascii() and self.org_id.isprintable()):
            raise ConfigurationError("org_id must be printable ASCII, because it is sent as a header")
        if self.key_file and not self.cert_file:
            raise ConfigurationError("key_file needs cert_file beside it")
        plain = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", ""))
        return replace(
            self,
            url=plain,
            username=self.username or unquote(parts.username or ""),
            password=self.password or unquote(parts.password or ""),
        )


class BearerFile(AuthBase):
    """Sends the token in a file, and reads the file again when it has changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._seen: tuple[int, int, int] | None = None
        self._token = ""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put the token on a request.

        Raises:
            OSError: the file cannot be read, or holds no token.
        """
        request.headers["Authorization"] = f"Bearer {self._current()}"
        return request

    def _current(self) -> str:
        with self._lock:
            found = self._path.stat()
            version = (found.st_mtime_ns, found.st_size, found.st_ino)
            if version != self._seen:
                self._token, self._seen = self._read(), version
            return self._token

    def _read(self) -> str:
        token = self._path.read_text(encoding="utf-8").strip()
        if not token or not token.isascii() or not token.isprintable():
            # requests would quote the token in its own complaint.
            raise OSError(f"{self._path} holds no usable bearer token")
        return token


class Anonymous(AuthBase):
    """Sends nothing. With no auth at all, requests would take credentials from ``~/.netrc``."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Leave the request as it is."""
        return request


class StayingSession(requests.Session):
    """Follows no redirect, because it could carry credentials to another host and turns a POST into a GET."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Nowhere, whatever the answer says."""


def open_session(connection: Connection) -> requests.Session:
    """A session with the connection's certificates and tenant, that keeps no cookies: they would be shared state."""
    session = StayingSession()
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.verify = False if connection.insecure_skip_verify else connection.ca_file or True
    if connection.cert_file:
        session.cert = (connection.cert_file, connection.key_file) if connection.key_file else connection.cert_file
    if connection.org_id:
        session.headers["X-Scope-OrgID"] = connection.org_id
    return session


def authentication(connection: Connection) -> AuthBase:
    """What puts the credentials on each request."""
    if connection.bearer_token_file:
        return BearerFile(Path(connection.bearer_token_file))
    if connection.username or connection.password:
        return HTTPBasicAuth(connection.username.encode(), connection.password.encode())
    return Anonymous()


def pooled_adapter(connections: int) -> HTTPAdapter:
    """Keeps that many connections open and retries nothing; what is worth a retry is decided elsewhere."""
    return HTTPAdapter(pool_connections=1, pool_maxsize=connections, max_retries=Retry(0, read=False))
