"""What every processor promises, proved against the sandbox with the cards published for testing.

A processor that is added to the registry is tested without being asked: it only needs a driver.
"""

from app import wiring
from app.settings import Settings
from tests.processors.adyen_driver import AdyenDriver
from tests.processors.driver import Driver
from tests.processors.stripe_driver import StripeDriver

PROCESSORS = sorted(wiring.processors(Settings("", "", "", "")))
DRIVERS: dict[str, type[Driver]] = {one.name: one for one in (AdyenDriver, StripeDriver)}
