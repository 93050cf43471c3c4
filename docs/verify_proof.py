"""Verify a Farthing proof without Farthing:  python verify_proof.py proof.jsonl keys.json"""
import base64, collections, hashlib, json, sys
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
def need(holds, why): return holds or sys.exit(f"REFUSED at line {number}: {why}.")
def balances(rows): return collections.Counter({(account, currency): net for account, currency, net in rows})
keys = {key["id"]: bytes.fromhex(key["public"]) for key in json.load(open(sys.argv[2]))["keys"]}
leaves, before, key, number, hidden, why = [], hashlib.sha256(), "", 0, 0, "it is damaged"
try:
    for number, raw in enumerate(open(sys.argv[1], "rb"), 1):
        line, _ = json.loads(raw), need(not key, "it was added after the signature")
        if number == 1: head, seal, last, books = line, line["first_seal"] - 1, line["previous"], balances(line["opening"])
        elif "leaf" in line:
            leaves, journal, hidden = leaves + [line["leaf"]], line.get("journal", [()] * 8), hidden + ("journal" not in line)
            need(not journal[1] or line["leaf"] == hashlib.sha256(raw[raw.index(b'"journal":') + 10 : -2]).hexdigest(), f"journal {journal[1]} is not what was sealed")
            for _, debit, credit, currency, amount, _ in journal[7]:
                books.update({(debit, currency): -amount, (credit, currency): amount})
        elif "hash" in line:
            need((line["seal"], line["previous"]) == (seal + 1, last), f"seal {seal + 1} is missing before it")
            sealed, seal, leaves = bytes.fromhex(last) + line["seal"].to_bytes(8, "big") + bytes.fromhex("".join(leaves)), seal + 1, []
            need(line["hash"] == (last := hashlib.sha256(sealed).hexdigest()), f"a journal of seal {seal} is missing, was added or was moved")
        elif "closing" in line:
            need(books == (closing := balances(line["closing"])), "opening and movements do not give these balances")
            need(not any(sum(closing[a, c] for a, c in closing if c == one) for _, one in closing), "debits and credits differ")
        else: key, signature = line["key"], base64.b64decode(line["signature"])
        if not key: before.update(raw)
    need(key and seal == head["last_seal"] and not leaves, "the file ends too early")
    why = f"the signature is not by the published key {key}"
    Ed25519PublicKey.from_public_bytes(keys[key]).verify(signature, before.digest())
except Exception: need(False, why)
print(f"GOOD: {head['name']} ({head['merchant']}), seals {head['first_seal']} to {seal}, last hash {last}, signed by key {key}." + f" {hidden} journals are hidden." * (hidden > 0))
