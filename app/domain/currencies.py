"""The currencies of ISO 4217: those that Farthing takes, a row each, and those that it only knows.

`exponent` is ISO 4217's (list of 2026-01-01), the number of decimal digits of one unit, and the only
one used in books, API and pages. What a processor expects on its wire may differ and stands in its
adapter's table. `minimum_minor` is the smallest charge that card processors publish, or 1 where none
is published: there the processor decides. The maximum is the twelve digits that card networks carry.
"""

from dataclasses import dataclass

MAXIMUM_MINOR = 999_999_999_999


@dataclass(frozen=True, slots=True)
class Currency:
    """One currency; `minimum_minor` and `maximum_minor` are in its minor units."""

    code: str
    exponent: int
    minimum_minor: int
    name: str
    maximum_minor: int = MAXIMUM_MINOR


@dataclass(frozen=True, slots=True)
class NotPayable:
    """An active code of ISO 4217 in which nobody can pay, and why. Some have no unit, so no exponent."""

    code: str
    exponent: int | None
    name: str
    why: str


_ROWS = (
    ("AED", 2, 200, "UAE Dirham"),
    ("AFN", 2, 1, "Afghani"),
    ("ALL", 2, 1, "Lek"),
    ("AMD", 2, 1, "Armenian Dram"),
    ("AOA", 2, 1, "Kwanza"),
    ("ARS", 2, 50, "Argentine Peso"),
    ("AUD", 2, 50, "Australian Dollar"),
    ("AWG", 2, 1, "Aruban Florin"),
    ("AZN", 2, 1, "Azerbaijan Manat"),
    ("BAM", 2, 1, "Convertible Mark"),
    ("BBD", 2, 1, "Barbados Dollar"),
    ("BDT", 2, 1, "Taka"),
    ("BHD", 3, 1, "Bahraini Dinar"),
    ("BIF", 0, 1, "Burundi Franc"),
    ("BMD", 2, 1, "Bermudian Dollar"),
    ("BND", 2, 1, "Brunei Dollar"),
    ("BOB", 2, 1, "Boliviano"),
    ("BRL", 2, 50, "Brazilian Real"),
    ("BSD", 2, 1, "Bahamian Dollar"),
    ("BTN", 2, 1, "Ngultrum"),
    ("BWP", 2, 1, "Pula"),
    ("BYN", 2, 1, "Belarusian Ruble"),
    ("BZD", 2, 1, "Belize Dollar"),
    ("CAD", 2, 50, "Canadian Dollar"),
    ("CDF", 2, 1, "Congolese Franc"),
    ("CHF", 2, 50, "Swiss Franc"),
    ("CLP", 0, 1, "Chilean Peso"),
    ("CNY", 2, 1, "Yuan Renminbi"),
    ("COP", 2, 50, "Colombian Peso"),
    ("CRC", 2, 1, "Costa Rican Colon"),
    ("CUP", 2, 1, "Cuban Peso"),
    ("CVE", 2, 1, "Cabo Verde Escudo"),
    ("CZK", 2, 1500, "Czech Koruna"),
    ("DJF", 0, 1, "Djibouti Franc"),
    ("DKK", 2, 250, "Danish Krone"),
    ("DOP", 2, 1, "Dominican Peso"),
    ("DZD", 2, 1, "Algerian Dinar"),
    ("EGP", 2, 1, "Egyptian Pound"),
    ("ERN", 2, 1, "Nakfa"),
    ("ETB", 2, 1, "Ethiopian Birr"),
    ("EUR", 2, 50, "Euro"),
    ("FJD", 2, 1, "Fiji Dollar"),
    ("FKP", 2, 1, "Falkland Islands Pound"),
    ("GBP", 2, 30, "Pound Sterling"),
    ("GEL", 2, 1, "Lari"),
    ("GHS", 2, 1, "Ghana Cedi"),
    ("GIP", 2, 1, "Gibraltar Pound"),
    ("GMD", 2, 1, "Dalasi"),
    ("GNF", 0, 1, "Guinean Franc"),
    ("GTQ", 2, 1, "Quetzal"),
    ("GYD", 2, 1, "Guyana Dollar"),
    ("HKD", 2, 400, "Hong Kong Dollar"),
    ("HNL", 2, 1, "Lempira"),
    ("HTG", 2, 1, "Gourde"),
    ("HUF", 2, 17500, "Forint"),
    ("IDR", 2, 50, "Rupiah"),
    ("ILS", 2, 50, "New Israeli Sheqel"),
    ("INR", 2, 50, "Indian Rupee"),
    ("IQD", 3, 1, "Iraqi Dinar"),
    ("IRR", 2, 1, "Iranian Rial"),
    ("ISK", 0, 1, "Iceland Krona"),
    ("JMD", 2, 1, "Jamaican Dollar"),
    ("JOD", 3, 1, "Jordanian Dinar"),
    ("JPY", 0, 50, "Yen"),
    ("KES", 2, 1, "Kenyan Shilling"),
    ("KGS", 2, 1, "Som"),
    ("KHR", 2, 1, "Riel"),
    ("KMF", 0, 1, "Comorian Franc"),
    ("KPW", 2, 1, "North Korean Won"),
    ("KRW", 0, 50, "Won"),
    ("KWD", 3, 1, "Kuwaiti Dinar"),
    ("KYD", 2, 1, "Cayman Islands Dollar"),
    ("KZT", 2, 1, "Tenge"),
    ("LAK", 2, 1, "Lao Kip"),
    ("LBP", 2, 1, "Lebanese Pound"),
    ("LKR", 2, 1, "Sri Lanka Rupee"),
    ("LRD", 2, 1, "Liberian Dollar"),
    ("LSL", 2, 1, "Loti"),
    ("LYD", 3, 1, "Libyan Dinar"),
    ("MAD", 2, 1, "Moroccan Dirham"),
    ("MDL", 2, 1, "Moldovan Leu"),
    ("MGA", 2, 1, "Malagasy Ariary"),
    ("MKD", 2, 1, "Denar"),
    ("MMK", 2, 1, "Kyat"),
    ("MNT", 2, 1, "Tugrik"),
    ("MOP", 2, 1, "Pataca"),
    ("MRU", 2, 1, "Ouguiya"),
    ("MUR", 2, 1, "Mauritius Rupee"),
    ("MVR", 2, 1, "Rufiyaa"),
    ("MWK", 2, 1, "Malawi Kwacha"),
    ("MXN", 2, 1000, "Mexican Peso"),
    ("MYR", 2, 200, "Malaysian Ringgit"),
    ("MZN", 2, 1, "Mozambique Metical"),
    ("NAD", 2, 1, "Namibia Dollar"),
    ("NGN", 2, 1, "Naira"),
    ("NIO", 2, 1, "Cordoba Oro"),
    ("NOK", 2, 300, "Norwegian Krone"),
    ("NPR", 2, 1, "Nepalese Rupee"),
    ("NZD", 2, 50, "New Zealand Dollar"),
    ("OMR", 3, 1, "Rial Omani"),
    ("PAB", 2, 1, "Balboa"),
    ("PEN", 2, 1, "Sol"),
    ("PGK", 2, 1, "Kina"),
    ("PHP", 2, 50, "Philippine Peso"),
    ("PKR", 2, 1, "Pakistan Rupee"),
    ("PLN", 2, 200, "Zloty"),
    ("PYG", 0, 1, "Guarani"),
    ("QAR", 2, 1, "Qatari Rial"),
    ("RON", 2, 200, "Romanian Leu"),
    ("RSD", 2, 1, "Serbian Dinar"),
    ("RUB", 2, 50, "Russian Ruble"),
    ("RWF", 0, 1, "Rwanda Franc"),
    ("SAR", 2, 1, "Saudi Riyal"),
    ("SBD", 2, 1, "Solomon Islands Dollar"),
    ("SCR", 2, 1, "Seychelles Rupee"),
    ("SDG", 2, 1, "Sudanese Pound"),
    ("SEK", 2, 300, "Swedish Krona"),
    ("SGD", 2, 50, "Singapore Dollar"),
    ("SHP", 2, 1, "Saint Helena Pound"),
    ("SLE", 2, 1, "Leone"),
    ("SOS", 2, 1, "Somali Shilling"),
    ("SRD", 2, 1, "Surinam Dollar"),
    ("SSP", 2, 1, "South Sudanese Pound"),
    ("STN", 2, 1, "Dobra"),
    ("SVC", 2, 1, "El Salvador Colon"),
    ("SYP", 2, 1, "Syrian Pound"),
    ("SZL", 2, 1, "Lilangeni"),
    ("THB", 2, 1000, "Baht"),
    ("TJS", 2, 1, "Somoni"),
    ("TMT", 2, 1, "Turkmenistan New Manat"),
    ("TND", 3, 10, "Tunisian Dinar"),
    ("TOP", 2, 1, "Pa'anga"),
    ("TRY", 2, 1, "Turkish Lira"),
    ("TTD", 2, 1, "Trinidad and Tobago Dollar"),
    ("TWD", 2, 1, "New Taiwan Dollar"),
    ("TZS", 2, 1, "Tanzanian Shilling"),
    ("UAH", 2, 1, "Hryvnia"),
    ("UGX", 0, 1, "Uganda Shilling"),
    ("USD", 2, 50, "US Dollar"),
    ("UYU", 2, 1, "Peso Uruguayo"),
    ("UZS", 2, 1, "Uzbekistan Sum"),
    ("VED", 2, 1, "Bolívar Soberano"),
    ("VES", 2, 1, "Bolívar Soberano"),
    ("VND", 0, 1, "Dong"),
    ("VUV", 0, 1, "Vatu"),
    ("WST", 2, 1, "Tala"),
    ("XAF", 0, 1, "CFA Franc BEAC"),
    ("XCD", 2, 1, "East Caribbean Dollar"),
    ("XCG", 2, 1, "Caribbean Guilder"),
    ("XOF", 0, 1, "CFA Franc BCEAO"),
    ("XPF", 0, 1, "CFP Franc"),
    ("YER", 2, 1, "Yemeni Rial"),
    ("ZAR", 2, 50, "Rand"),
    ("ZMW", 2, 1, "Zambian Kwacha"),
    ("ZWG", 2, 1, "Zimbabwe Gold"),
)

CURRENCIES: dict[str, Currency] = {row[0]: Currency(*row) for row in _ROWS}

_INDEXED = "an index or fund code: amounts are quoted in it and paid in the country's currency"
_ACCOUNTING = "a unit of account between institutions"
_METAL = "a metal, measured by weight"
_BONDS = "a unit of the bond markets"

_KNOWN_ONLY = (
    ("BOV", 2, "Mvdol", _INDEXED),
    ("CHE", 2, "WIR Euro", "a complementary currency of one cooperative bank"),
    ("CHW", 2, "WIR Franc", "a complementary currency of one cooperative bank"),
    ("CLF", 4, "Unidad de Fomento", _INDEXED),
    ("COU", 2, "Unidad de Valor Real", _INDEXED),
    ("MXV", 2, "Mexican Unidad de Inversion (UDI)", _INDEXED),
    ("USN", 2, "US Dollar (Next day)", "a dollar of the money market, settled the next day"),
    ("UYI", 0, "Uruguay Peso en Unidades Indexadas (UI)", _INDEXED),
    ("UYW", 4, "Unidad Previsional", _INDEXED),
    ("XAD", 2, "Arab Accounting Dinar", _ACCOUNTING),
    ("XAG", None, "Silver", _METAL),
    ("XAU", None, "Gold", _METAL),
    ("XBA", None, "Bond Markets Unit European Composite Unit (EURCO)", _BONDS),
    ("XBB", None, "Bond Markets Unit European Monetary Unit (E.M.U.-6)", _BONDS),
    ("XBC", None, "Bond Markets Unit European Unit of Account 9 (E.U.A.-9)", _BONDS),
    ("XBD", None, "Bond Markets Unit European Unit of Account 17 (E.U.A.-17)", _BONDS),
    ("XDR", None, "SDR (Special Drawing Right)", _ACCOUNTING),
    ("XPD", None, "Palladium", _METAL),
    ("XPT", None, "Platinum", _METAL),
    ("XSU", None, "Sucre", _ACCOUNTING),
    ("XTS", None, "Codes specifically reserved for testing purposes", "a code for tests"),
    ("XUA", None, "ADB Unit of Account", _ACCOUNTING),
    ("XXX", None, "No currency", "the code that says that there is no currency"),
)

KNOWN_ONLY: dict[str, NotPayable] = {row[0]: NotPayable(*row) for row in _KNOWN_ONLY}
