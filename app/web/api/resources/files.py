"""Files: what was uploaded, such as evidence. None can be uploaded yet."""

from app.web.api.call import Route
from app.web.api.fields import CREATED, PAGE, Choice, Field
from app.web.api.resources.nothing import list_none, no_such

PURPOSES = (
    "account_requirement", "additional_verification", "business_icon", "business_logo",
    "customer_signature", "dispute_evidence", "document_provider_identity_document",
    "finance_report_run", "financial_account_statement", "identity_document",
    "identity_document_downloadable", "issuing_regulatory_reporting", "pci_document",
    "platform_terms_of_service", "selfie", "sigma_scheduled_query", "tax_document_user_upload",
    "terminal_android_apk", "terminal_reader_splashscreen", "terminal_wifi_certificate",
    "terminal_wifi_private_key",
)  # fmt: skip

LIST: dict[str, Field] = {
    **PAGE,
    **CREATED,
    "purpose": Choice(PURPOSES, doc="Only files for this purpose.", can_unset=True),
}

ROUTES: tuple[Route, ...] = (
    Route("GET", "/v1/files", list_none, LIST, "files", "read", "list:file", "List files"),
    Route("GET", "/v1/files/{file}", no_such("file"), {}, "files", "read", "file",
          "Retrieve a file"),
)  # fmt: skip
