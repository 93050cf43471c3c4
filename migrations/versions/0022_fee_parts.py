"""A payment keeps the lines of its fee, which add up to it.

Fees of before have one line. Filling it in rewrites captured payments once, without a time limit: on a
large installation, migrate in a quiet hour.
"""

from alembic import op

revision = "0022_fee_parts"
down_revision = "0021_fee_schedules"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE payments ADD COLUMN fee_parts jsonb NOT NULL DEFAULT '[]'
            CHECK (jsonb_typeof(fee_parts) = 'array')
    """)
    op.execute("SET LOCAL statement_timeout = 0")
    op.execute("""
        UPDATE payments SET fee_parts = jsonb_build_array(jsonb_build_object(
            'name', 'unitemized', 'minor', fee_minor, 'basis_points', NULL))
        WHERE fee_minor > 0
    """)


def downgrade() -> None:
    op.execute("ALTER TABLE payments DROP COLUMN fee_parts")
