"""What the person at the terminal reads, and where the demo is to be found."""

import json
import sys

from app.launch.plan import Plan

TEST_CARDS = {
    "4242 4242 4242 4242": "pays",
    "4000 0027 6000 3184": "asks for 3-D Secure",
    "4000 0000 0000 0002": "is declined",
    "4000 0000 0000 9995": "has insufficient funds",
}
ADYEN_CARDS = {
    "4111 1111 1111 1111": "pays",
    "4212 3456 7891 0006": "asks for 3-D Secure; the password is “password”",
}


def say(words: str) -> None:
    """Print a line for the person at the terminal, at once and whole."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def banner(plan: Plan) -> str:
    """Say where everything is."""
    stored = plan.data_dir / "demo.json"
    demo = json.loads(stored.read_text(encoding="utf-8")) if stored.exists() else {}
    sign_in = f"{demo.get('dashboard_login', '')}  password  {demo.get('dashboard_password', '')}"
    places = {
        "Demo shop": demo.get("shop_url") or f"{plan.sandbox_url}/shop",
        "Payment link": demo.get("payment_link") or "(see the dashboard)",
        "  at Adyen": demo.get("adyen_link") or "(see the dashboard)",
        "Dashboard": f"{plan.web_url}/dashboard",
        "": sign_in if demo.get("dashboard_login") else "(the log-in of your database)",
        "Sandbox": f"{plan.sandbox_url}/control",
        "API key": demo.get("secret_key") or "(made by `flask --app wsgi create-key`)",
    }
    lines = ["", "  Farthing is running. Ctrl-C stops it.", ""]
    lines += [f"  {label:<14}{place}" for label, place in places.items()]
    lines += ["", "  Test cards, with any future expiry date and any CVC:"]
    lines += [f"  {number:<22}{effect}" for number, effect in TEST_CARDS.items()]
    lines += ["", "  At Adyen, with expiry date 03/30 and CVC 737:"]
    lines += [f"  {number:<22}{effect}" for number, effect in ADYEN_CARDS.items()]
    return "\n".join([*lines, ""])
