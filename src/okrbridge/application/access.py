"""Tokens and roles: making tokens, knowing who shows one, and who may do what.

A token is ``okrb_`` and 256 random bits. It is stored as its SHA-256: a secret that nobody can guess needs no slow
hash, and a fast one lets every request be checked. Tokens are looked up by the hash, so the time that takes tells
nothing about their text.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from okrbridge.application.access_ports import Caller, Role, Token
from okrbridge.application.audit import Change, record_change
from okrbridge.application.ports import Transaction
from okrbridge.application.reports import rfc3339
from okrbridge.errors import ConfigurationError, NotFoundError, OkrbridgeError

TOKEN_PREFIX = "okrb_"  # noqa: S105 - what every token begins with, and no secret
DEFAULT_LIFE = timedelta(days=365)
ANONYMOUS = Caller("anonymous", None)
"""Whoever shows no token."""
LOCAL = Caller("local", Role.ADMIN, sees_restricted=True)
"""Everybody, where tokens are switched off."""

_RANDOM_BYTES = 32
_TEXT = re.compile(re.escape(TOKEN_PREFIX) + r"[A-Za-z0-9_-]{43}", re.ASCII)
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?", re.ASCII)
_RESERVED = frozenset({ANONYMOUS.name, LOCAL.name})

_GRANTS: Mapping[Role, frozenset[Role]] = {
    Role.VIEWER: frozenset({Role.VIEWER}),
    Role.INGEST: frozenset({Role.INGEST}),
    Role.EDITOR: frozenset({Role.VIEWER, Role.INGEST, Role.EDITOR}),
    Role.ADMIN: frozenset(Role),
}


class UnauthenticatedError(OkrbridgeError):
    """A token is needed, and none that is in force was shown; which of the two is not told."""

    def __init__(self) -> None:
        super().__init__(
            "this needs a token that is in force: send `Authorization: Bearer okrb_…`; "
            "`okrbridge token create` makes one"
        )


class ForbiddenError(OkrbridgeError):
    """The token is in force, and its role does not suffice.

    Attributes:
        required_role: the least role that would.
    """

    def __init__(self, caller: Caller, required_role: Role) -> None:
        self.required_role = required_role
        super().__init__(f"this needs the role {required_role}; the token {caller.name!r} has {caller.role}")


@dataclass(frozen=True, slots=True)
class AccessRules:
    """What is asked of callers.

    Attributes:
        is_on: whether tokens count; off, everybody is an admin, which only a loopback address is safe for.
        anonymous_read: whether reading needs no token.
    """

    is_on: bool = True
    anonymous_read: bool = True


def admit(caller: Caller, needed: Role, rules: AccessRules) -> None:
    """Let a caller pass who may do what needs a role.

    Raises:
        UnauthenticatedError: a token is needed, and the caller has none.
        ForbiddenError: the caller's role does not suffice.
    """
    if needed is Role.VIEWER and rules.anonymous_read:
        return
    if caller.role is None:
        raise UnauthenticatedError
    if needed not in _GRANTS[caller.role]:
        raise ForbiddenError(caller, needed)


def grants(role: Role, needed: Role) -> bool:
    """Whether a role suffices for what needs another."""
    return needed in _GRANTS[role]


def digest_of(text: str) -> bytes | None:
    """The SHA-256 of a token's text; None for what is no token."""
    return sha256(text.encode()).digest() if _TEXT.fullmatch(text) else None


@dataclass(frozen=True, slots=True)
class NewToken:
    """What a token is to be.

    Attributes:
        life: how long it is in force; None for ever.
        restricted: whether a viewer's token shows restricted objects; those of editors and admins always do.
    """

    name: str
    role: Role
    life: timedelta | None = DEFAULT_LIFE
    restricted: bool = False


def create_token(transaction: Transaction, new: NewToken, by: Caller, at: datetime) -> tuple[str, Token]:
    """Make a token; returns its text, which is nowhere else, and what is known of it.

    Raises:
        ConfigurationError: the name cannot be one or was given before, or the role reads nothing.
    """
    _check(transaction, new)
    text = TOKEN_PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
    token = Token(
        id=f"t_{secrets.token_hex(6)}",
        name=new.name,
        role=new.role,
        sees_restricted=new.restricted or grants(new.role, Role.EDITOR),
        created_at=at,
        created_by=by.name,
        expires_at=None if new.life is None else at + new.life,
    )
    transaction.tokens.add(token, sha256(text.encode()).digest())
    record_change(transaction, by, Change("create", "Token", token.name, None, token_item(token)), at)
    return text, token


def revoke_token(transaction: Transaction, name_or_id: str, by: Caller, at: datetime) -> Token:
    """Take a token back; one that was taken back before stays as it is.

    Raises:
        NotFoundError: there is none of that name or id.
    """
    token = transaction.tokens.find(name_or_id)
    if token is None:
        raise NotFoundError("token", name_or_id)
    if token.revoked_at is not None:
        return token
    transaction.tokens.revoke(token.id, at)
    revoked = transaction.tokens.find(token.id)
    assert revoked is not None, "tokens are never removed"  # noqa: S101 - narrows the type
    record_change(transaction, by, Change("revoke", "Token", token.name, token_item(token), token_item(revoked)), at)
    return revoked


def token_item(token: Token) -> dict[str, str | bool | None]:
    """What people may know of a token."""
    return {
        "id": token.id,
        "name": token.name,
        "role": token.role.value,
        "restricted": token.sees_restricted,
        "created_at": rfc3339(token.created_at),
        "created_by": token.created_by,
        "expires_at": rfc3339(token.expires_at),
        "revoked_at": rfc3339(token.revoked_at),
    }


def _check(transaction: Transaction, new: NewToken) -> None:
    if not _NAME.fullmatch(new.name) or new.name in _RESERVED:
        raise ConfigurationError(
            f"{new.name!r} cannot be a token's name; it is made of a-z, 0-9, - and ., at most 63, such as ci-deploys"
        )
    if new.restricted and new.role is Role.INGEST:
        raise ConfigurationError("an ingest token reads nothing, so it cannot be one that sees restricted objects")
    if transaction.tokens.find(new.name) is not None:
        raise ConfigurationError(
            f"there is a token named {new.name!r}, in force or not; names are never given again, "
            f"because the audit log speaks of them: choose another, such as {new.name}-2"
        )
