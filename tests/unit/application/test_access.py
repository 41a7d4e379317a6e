"""Tokens and roles: making them, knowing them, and what each role may do."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from tests.fakes.scripted_source import SettableClock

from okrbridge.application.access import (
    ANONYMOUS,
    LOCAL,
    AccessRules,
    ForbiddenError,
    NewToken,
    UnauthenticatedError,
    admit,
    create_token,
    digest_of,
    revoke_token,
)
from okrbridge.application.access_ports import Caller, Role, Token
from okrbridge.application.audit import LONGEST_REASON, Change, record_change
from okrbridge.application.known_tokens import FRESH_FOR, MOST_TOKENS, TRUSTED_FOR, KnownTokens
from okrbridge.application.ports import Transaction
from okrbridge.domain.windows import Grid
from okrbridge.errors import ConfigurationError, NotFoundError, StorageError
from okrbridge.storage.memory import MemoryStorage

AT = datetime(2026, 2, 15, tzinfo=UTC)
DAY = timedelta(days=1)


class BreakableStorage(MemoryStorage):
    """A storage that can be made to fail."""

    def __init__(self) -> None:
        super().__init__(Grid(timedelta(minutes=1)))
        self.is_broken = False

    @contextmanager
    def reading(self) -> Iterator[Transaction]:  # type: ignore[override]  # the port's type is what is asked for
        if self.is_broken:
            raise StorageError("the database does not answer")
        with super().reading() as inside:
            yield inside


@pytest.fixture
def storage() -> BreakableStorage:
    return BreakableStorage()


def made(storage: MemoryStorage, name: str = "maria", role: Role = Role.EDITOR, **other: object) -> tuple[str, Token]:
    with storage.transaction() as transaction:
        return create_token(transaction, NewToken(name, role, **other), LOCAL, AT)  # type: ignore[arg-type]  # by name


def test_a_token_has_256_random_bits_and_only_their_hash_is_stored(storage: BreakableStorage):
    text, token = made(storage)

    # 32 bytes are 43 letters of base64 without padding: 43 x 6 = 258 bits.
    assert re.fullmatch(r"okrb_[A-Za-z0-9_-]{43}", text)
    with storage.reading() as database:
        assert database.tokens.by_digest(sha256(text.encode()).digest()) == token
        assert text not in str(database.tokens.all()) + str(database.audit.newest())
    assert made(storage, "other")[0] != text


def test_making_and_revoking_are_in_the_audit_log(storage: BreakableStorage):
    _, token = made(storage)
    with storage.transaction() as transaction:
        revoke_token(transaction, token.id, Caller("cli:root", Role.ADMIN), AT + DAY)
    with storage.reading() as database:
        last, first = database.audit.newest()
    assert (first.action, first.kind, first.name, first.by, first.before) == ("create", "Token", "maria", "local", None)
    assert (last.action, last.by, last.role) == ("revoke", "cli:root", "admin")
    assert last.before is not None
    assert last.after is not None
    assert (last.before["revoked_at"], last.after["revoked_at"]) == (None, "2026-02-16T00:00:00Z")


@pytest.mark.parametrize(
    ("role", "restricted", "sees"),
    [
        (Role.VIEWER, False, False),
        (Role.VIEWER, True, True),
        (Role.INGEST, False, False),
        (Role.EDITOR, False, True),
        (Role.ADMIN, False, True),
    ],
)
def test_restricted_objects_are_for_editors_admins_and_viewers_that_were_given_them(
    storage: BreakableStorage,
    role: Role,
    restricted: bool,  # noqa: FBT001 - a parameter of the table
    sees: bool,  # noqa: FBT001 - as above
):
    _, token = made(storage, role=role, restricted=restricted)

    assert (token.sees_restricted, token.caller) == (sees, Caller("maria", role, sees))


@pytest.mark.parametrize("name", ["", "Maria", "a b", "-a", "a-", "x" * 64, "anonymous", "local", "ü", "a\n", "a_b"])
def test_a_name_that_cannot_be_one_is_refused(storage: BreakableStorage, name: str):
    with pytest.raises(ConfigurationError, match="cannot be a token's name"):
        made(storage, name)


def test_a_name_is_never_given_again(storage: BreakableStorage):
    made(storage)
    with storage.transaction() as transaction:
        revoke_token(transaction, "maria", LOCAL, AT)
    with pytest.raises(ConfigurationError, match="choose another, such as maria-2"):
        made(storage)


def test_an_ingest_token_sees_nothing_restricted_because_it_reads_nothing(storage: BreakableStorage):
    with pytest.raises(ConfigurationError, match="reads nothing"):
        made(storage, role=Role.INGEST, restricted=True)


def test_revoking_again_changes_nothing_and_an_unknown_token_is_told(storage: BreakableStorage):
    made(storage)
    with storage.transaction() as transaction:
        first = revoke_token(transaction, "maria", LOCAL, AT)
        assert revoke_token(transaction, "maria", LOCAL, AT + DAY) == first
        assert len(transaction.audit.newest()) == 2
        with pytest.raises(NotFoundError, match="there is no token named 'ada'"):
            revoke_token(transaction, "ada", LOCAL, AT)


@pytest.mark.parametrize(
    ("life", "after", "is_in_force"),
    [(DAY, DAY - timedelta(microseconds=1), True), (DAY, DAY, False), (None, 10_000 * DAY, True)],
)
def test_a_token_is_in_force_until_it_expires(
    storage: BreakableStorage,
    life: timedelta | None,
    after: timedelta,
    is_in_force: bool,  # noqa: FBT001 - a parameter of the table
):
    assert made(storage, life=life)[1].is_in_force(AT + after) is is_in_force


def test_a_token_lasts_a_year_unless_told_otherwise(storage: BreakableStorage):
    assert made(storage)[1].expires_at == AT + 365 * DAY


@pytest.mark.parametrize("text", ["", "okrb_", "okrb_" + "x" * 42, "okrb_" + "x" * 44, "okrb_" + "ä" * 43, "x" * 48])
def test_what_is_no_token_has_no_digest(text: str):
    assert digest_of(text) is None


NEEDED = (Role.VIEWER, Role.INGEST, Role.EDITOR, Role.ADMIN)
# By the caller's role, what is needed in that order; reading is open to nobody here.
MATRIX = {
    Role.VIEWER: (True, False, False, False),
    Role.INGEST: (False, True, False, False),
    Role.EDITOR: (True, True, True, False),
    Role.ADMIN: (True, True, True, True),
}


@pytest.mark.parametrize("role", list(Role))
def test_each_role_may_do_this_and_no_more(role: Role):
    rules = AccessRules(anonymous_read=False)
    for needed, is_let_in in zip(NEEDED, MATRIX[role], strict=True):
        with nullcontext() if is_let_in else pytest.raises(ForbiddenError, match=f"needs the role {needed}"):
            admit(Caller("maria", role), needed, rules)


def test_reading_needs_a_token_only_when_that_is_set():
    admit(ANONYMOUS, Role.VIEWER, AccessRules())
    admit(Caller("agent", Role.INGEST), Role.VIEWER, AccessRules())
    with pytest.raises(UnauthenticatedError):
        admit(ANONYMOUS, Role.VIEWER, AccessRules(anonymous_read=False))
    with pytest.raises(UnauthenticatedError):
        admit(ANONYMOUS, Role.INGEST, AccessRules())


def test_a_reason_that_is_too_long_is_not_recorded(storage: BreakableStorage):
    change = Change("update", "Cycle", "q1", why="x" * (LONGEST_REASON + 1))
    with pytest.raises(ValueError, match="2001 characters"), storage.transaction() as transaction:
        record_change(transaction, LOCAL, change, AT)


@dataclass
class Shown:
    """A token that was just made and looked up."""

    storage: BreakableStorage
    clock: SettableClock
    known: KnownTokens
    digest: bytes


@pytest.fixture
def shown(storage: BreakableStorage) -> Shown:
    text, _ = made(storage, life=DAY)
    clock, digest = SettableClock(AT), digest_of(text)
    assert digest is not None
    known = KnownTokens(storage, clock)
    assert known.look_up(digest) is not None
    return Shown(storage, clock, known, digest)


def test_a_token_is_not_asked_for_again_at_once(shown: Shown):
    shown.clock.now = AT + FRESH_FOR - timedelta(seconds=1)
    assert shown.known.remembered(shown.digest) is not None
    shown.clock.now = AT + FRESH_FOR
    assert shown.known.remembered(shown.digest) is None


def test_a_token_that_was_revoked_elsewhere_is_refused_once_it_is_read_again(shown: Shown):
    with shown.storage.transaction() as transaction:
        revoke_token(transaction, "maria", LOCAL, AT)
    assert shown.known.remembered(shown.digest) is not None
    assert shown.known.look_up(shown.digest) is None
    assert shown.known.remembered(shown.digest) is None


def test_a_remembered_token_expires_to_the_instant(storage: BreakableStorage):
    text, _ = made(storage, life=timedelta(seconds=1))
    clock, digest = SettableClock(AT), digest_of(text)
    assert digest is not None
    known = KnownTokens(storage, clock)
    assert known.look_up(digest) is not None
    clock.now = AT + timedelta(seconds=1)
    assert known.remembered(digest) is None
    assert known.look_up(digest) is None


def test_a_token_shown_lately_is_let_in_while_the_database_does_not_answer(shown: Shown):
    shown.storage.is_broken = True
    shown.clock.now = AT + TRUSTED_FOR - timedelta(seconds=1)
    assert shown.known.look_up(shown.digest) is not None
    shown.clock.now = AT + TRUSTED_FOR
    with pytest.raises(StorageError):
        shown.known.look_up(shown.digest)


def test_a_token_never_seen_is_not_judged_while_the_database_does_not_answer(shown: Shown):
    shown.storage.is_broken = True
    with pytest.raises(StorageError):
        shown.known.look_up(b"x" * 32)


def test_guesses_take_no_room_and_tokens_only_so_much(storage: BreakableStorage):
    known = KnownTokens(storage, SettableClock(AT))
    for number in range(10):
        known.look_up(number.to_bytes(32))
    assert len(known._read) == 0
    with storage.transaction() as transaction:
        for number in range(MOST_TOKENS + 1):
            one = Token(f"t_{number}", f"n{number}", Role.VIEWER, False, AT, "me", None)  # noqa: FBT003 - as it stands
            transaction.tokens.add(one, number.to_bytes(32))
    for number in range(MOST_TOKENS + 1):
        known.look_up(number.to_bytes(32))
    assert len(known._read) == MOST_TOKENS
    assert known.remembered((0).to_bytes(32)) is None
