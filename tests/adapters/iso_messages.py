"""Messages as banks write them, in short: returns and movements of an account."""

PACS = "urn:iso:std:iso:20022:tech:xsd:pacs"
CAMT = "urn:iso:std:iso:20022:tech:xsd:camt"


def payment_return(*transactions: str, count: int | None = None) -> bytes:
    """A pacs.004."""
    said = len(transactions) if count is None else count
    return f"""<Document xmlns="{PACS}.004.001.09"><PmtRtr>
      <GrpHdr><MsgId>R7</MsgId><CreDtTm>2026-12-01T06:00:00Z</CreDtTm><NbOfTxs>{said}</NbOfTxs>
      <SttlmInf><SttlmMtd>CLRG</SttlmMtd></SttlmInf></GrpHdr>
      {"".join(transactions)}</PmtRtr></Document>""".encode()


def gone_back(reference: str, amount: str, code: str = "AC04") -> str:
    """One transaction of a pacs.004."""
    return (
        f"<TxInf><RtrId>RTR-{reference}</RtrId><OrgnlEndToEndId>{reference}</OrgnlEndToEndId>"
        f'<OrgnlIntrBkSttlmAmt Ccy="EUR">{amount}</OrgnlIntrBkSttlmAmt>'
        f'<RtrdIntrBkSttlmAmt Ccy="EUR">{amount}</RtrdIntrBkSttlmAmt>'
        f"<RtrRsnInf><Rsn><Cd>{code}</Cd></Rsn></RtrRsnInf></TxInf>"
    )


def notification(*entries: str, kind: str = "054") -> bytes:
    """A camt.054, or a camt.053."""
    root, part = {
        "054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn"),
        "053": ("BkToCstmrStmt", "Stmt"),
    }[kind]
    return f"""<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{CAMT}.{kind}.001.08"><{root}>
      <GrpHdr><MsgId>N1</MsgId><CreDtTm>2026-12-01T07:00:00+01:00</CreDtTm></GrpHdr>
      <{part}><Id>1</Id><CreDtTm>2026-12-01T07:00:00+01:00</CreDtTm>
      <Acct><Id><IBAN>DE89370400440532013000</IBAN></Id></Acct>{"".join(entries)}</{part}>
    </{root}></Document>""".encode()


def entry(amount: str, side: str, *details: str, status: str = "BOOK", key: str = "K1") -> str:
    """One booking; `side` is DBIT or CRDT."""
    return (
        f'<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd><Sts><Cd>{status}</Cd></Sts>'
        f"<AcctSvcrRef>{key}</AcctSvcrRef><NtryDtls>{''.join(details)}</NtryDtls></Ntry>"
    )


def details(
    reference: str = "", *, amount: str = "", code: str = "", file_id: str = "", text: str = ""
) -> str:
    """One transaction of a booking."""
    told = f"<PmtInfId>{file_id}</PmtInfId>" if file_id else ""
    told += f"<EndToEndId>{reference}</EndToEndId>" if reference else ""
    money = f'<Amt Ccy="EUR">{amount}</Amt>' if amount else ""
    why = f"<RtrInf><Rsn><Cd>{code}</Cd></Rsn></RtrInf>" if code else ""
    about = f"<RmtInf><Ustrd>{text}</Ustrd></RmtInf>" if text else ""
    return f"<TxDtls><Refs>{told}</Refs>{money}{about}{why}</TxDtls>"
