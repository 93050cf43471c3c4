"""The standard schedules: what a merchant pays who has agreed on nothing else.

A schedule that payments were priced by is never changed here: a new one is added with a new id, the
next version and the day from which it holds.
"""

from app.domain.fees import OTHER, Corridor, PriceList, Schedule, Sum, Tier

_INTERNATIONAL = (Corridor(basis_points=150),)
_CONVERSION = 100

# Where euros reach an account by one and the same transfer.
# fmt: off
SEPA = frozenset((
    "AD", "AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GR", "HR",
    "HU", "IE", "IS", "IT", "LI", "LT", "LU", "LV", "MC", "MT", "NL", "NO", "PL", "PT", "RO", "SE",
    "SI", "SK", "SM", "VA",
))
# fmt: on

STANDARD = (
    Schedule(
        "card-standard-1",
        "card",
        basis_points=290,
        fixed=Sum(30),
        corridors=_INTERNATIONAL,
        conversion_basis_points=_CONVERSION,
    ),
    Schedule(
        "wallet-standard-1",
        "wallet",
        basis_points=290,
        fixed=Sum(30),
        corridors=_INTERNATIONAL,
        conversion_basis_points=_CONVERSION,
    ),
    Schedule(
        "ach_debit-standard-1", "ach_debit", fixed=Sum(150), conversion_basis_points=_CONVERSION
    ),
    Schedule(
        "sepa_debit-standard-1",
        "sepa_debit",
        basis_points=10,
        cap=Sum(500),
        conversion_basis_points=_CONVERSION,
    ),
    # A wire costs 10.00 at home, 15.00 within the euro transfers' area and 25.00 elsewhere.
    Schedule(
        "bank_transfer-standard-1",
        "bank_transfer",
        fixed=Sum(1_000),
        corridors=(Corridor(SEPA, fixed=Sum(500)), Corridor(fixed=Sum(1_500))),
        conversion_basis_points=_CONVERSION,
    ),
    # The first hundred at 6 %, up to a thousand at 5 %, what is above at 4 %.
    Schedule(
        "bnpl-standard-1",
        "bnpl",
        basis_points=600,
        fixed=Sum(30),
        by_amount=(Tier(Sum(10_000), 500), Tier(Sum(100_000), 400)),
        corridors=_INTERNATIONAL,
        conversion_basis_points=_CONVERSION,
    ),
    Schedule(
        "other-standard-1",
        OTHER,
        basis_points=290,
        fixed=Sum(30),
        corridors=_INTERNATIONAL,
        conversion_basis_points=_CONVERSION,
    ),
)

METHODS = tuple(one.method for one in STANDARD if one.method != OTHER)
STANDARD_PRICES = PriceList(standard=STANDARD)
