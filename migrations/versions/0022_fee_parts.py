"""A payment keeps the lines of its fee, which add up to it.

Without any is what an earlier release priced, which may go on until its processes are replaced: such a fee
is one line. So nothing is rewritten.
"""

from alembic import op

revision = "0022_fee_parts"
down_revision = "0021_fee_schedules"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE payments ADD COLUMN fee_parts jsonb CHECK (jsonb_typeof(fee_parts) = 'array')
    """)


def downgrade() -> None:
    op.execute("ALTER TABLE payments DROP COLUMN fee_parts")
