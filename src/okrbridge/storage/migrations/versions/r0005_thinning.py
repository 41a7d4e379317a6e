"""Up to when old measurements and progress were thinned."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from okrbridge.errors import StorageError

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; the ticks thin what is there, a little at a time."""
    op.create_table(
        "thinning",
        sa.Column("step_seconds", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("step_seconds", name=op.f("pk_thinning")),
        sa.CheckConstraint("step_seconds > 0", name=op.f("ck_thinning_step_positive")),
    )


def downgrade() -> None:
    """Not offered: the way back is a backup."""
    raise StorageError("okrbridge databases only go forward; restore a backup")
