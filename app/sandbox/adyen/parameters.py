"""What each call of Checkout v71 takes, field by field.

Every field of the published schema is known by name and type; those that the simulation does not
act on are checked no further.
"""

from app.sandbox.adyen.spec import (
    Spec,
    a_list,
    amount,
    an_object,
    flag,
    group,
    integer,
    metadata,
    one_of,
    text,
    texts,
)

MODELS = one_of("CardOnFile", "Subscription", "UnscheduledCardOnFile")
# "Subscription", "Moto" and the like are spoken as they are published.
INTERACTIONS = one_of("Ecommerce", "ContAuth", "Moto", "POS")
ENCRYPTED = text(15_000)

CARD: Spec = {
    "billingSequenceNumber": text(),
    "brand": text(),
    "checkoutAttemptId": text(),
    "cupsecureplus.smscode": text(),
    "cvc": text(),
    "encryptedCard": text(40_000),
    "encryptedCardNumber": ENCRYPTED,
    "encryptedExpiryMonth": ENCRYPTED,
    "encryptedExpiryYear": ENCRYPTED,
    "encryptedPassword": ENCRYPTED,
    "encryptedSecurityCode": ENCRYPTED,
    "expiryMonth": text(),
    "expiryYear": text(),
    "fastlaneData": text(),
    "fundingSource": one_of("credit", "debit", "prepaid"),
    "holderName": text(15_000),
    "networkPaymentReference": text(),
    "number": text(),
    "recurringDetailReference": text(),
    "sdkData": text(50_000),
    "shopperNotificationReference": text(),
    "srcCorrelationId": text(),
    "srcDigitalCardId": text(),
    "srcScheme": text(),
    "srcTokenReference": text(),
    "storedPaymentMethodId": text(64),
    "threeDS2SdkVersion": text(12),
    "type": text(),
}
BROWSER: Spec = {
    "acceptHeader": text(),
    "colorDepth": integer,
    "javaEnabled": flag,
    "javaScriptEnabled": flag,
    "language": text(),
    "screenHeight": integer,
    "screenWidth": integer,
    "timeZoneOffset": integer,
    "userAgent": text(),
}
AUTHENTICATION: Spec = {
    "attemptAuthentication": one_of("always", "never"),
    "authenticationOnly": flag,
    "threeDSRequestData": group(
        {
            "challengeWindowSize": one_of("01", "02", "03", "04", "05"),
            "dataOnly": one_of("true", "false"),
            "nativeThreeDS": one_of("preferred", "disabled"),
            "threeDSVersion": one_of("2.1.0", "2.2.0"),
        }
    ),
}
_IGNORED_OBJECTS = (
    "accountInfo", "additionalAmount", "applicationInfo", "bankAccount", "billingAddress", "company",
    "dccQuote", "deliveryAddress", "enhancedSchemeData", "fundOrigin", "fundRecipient",
    "installments", "localizedShopperStatement", "mandate", "merchantRiskIndicator", "mpiData",
    "order", "paymentValidations", "platformChargebackLogic", "riskData", "shopperName",
    "shopperTaxInfo", "surcharge", "threeDS2RequestData",
)  # fmt: skip
_IGNORED_TEXTS = (
    "conversionId", "dateOfBirth", "deliverAt", "deliveryDate", "mcc", "orderReference",
    "recurringExpiry", "recurringFrequency", "redirectFromIssuerMethod", "redirectToIssuerMethod",
    "sessionValidity", "shopperEmail", "shopperLocale", "socialSecurityNumber", "telephoneNumber",
)  # fmt: skip

PAYMENT: Spec = {
    **dict.fromkeys(_IGNORED_OBJECTS, an_object),
    **dict.fromkeys(_IGNORED_TEXTS, text()),
    **dict.fromkeys(("lineItems", "splits", "subMerchants"), a_list),
    **dict.fromkeys(
        (
            "enableOneClick",
            "enablePayOut",
            "enableRecurring",
            "storePaymentMethod",
            "threeDSAuthenticationOnly",
            "trustedShopper",
        ),
        flag,
    ),
    "additionalData": texts(),
    "amount": amount,
    "authenticationData": group(AUTHENTICATION),
    "browserInfo": group(BROWSER, [name for name in BROWSER if name != "javaScriptEnabled"]),
    "captureDelayHours": integer,
    "channel": one_of("iOS", "Android", "Web"),
    "checkoutAttemptId": text(256),
    "countryCode": text(100),
    "deviceFingerprint": text(5000),
    "entityType": one_of("NaturalPerson", "CompanyName"),
    "fraudOffset": integer,
    "industryUsage": one_of("delayedCharge", "installment", "noShow"),
    "merchantAccount": text(),
    "merchantOrderReference": text(1000),
    "metadata": metadata,
    "origin": text(80),
    "paymentMethod": group(CARD),
    "recurringProcessingModel": MODELS,
    "reference": text(80, 1),
    "returnUrl": text(8000),
    "shopperConversionId": text(256),
    "shopperIP": text(1000),
    "shopperInteraction": INTERACTIONS,
    "shopperReference": text(256, 3),
    "shopperStatement": text(10_000),
    "store": text(64, 1),
}
PAYMENT_NEEDS = ("amount", "merchantAccount", "paymentMethod", "reference", "returnUrl")

COMPLETION: Spec = {
    **dict.fromkeys(
        (
            "authorization_token",
            "billingToken",
            "cupsecureplus.smscode",
            "facilitatorAccessToken",
            "oneTimePasscode",
            "orderID",
            "payerID",
            "paymentID",
            "paymentStatus",
            "resultCode",
            "vaultToken",
        ),
        text(),
    ),
    **dict.fromkeys(
        ("MD", "PaReq", "PaRes", "payload", "redirectResult", "returnUrlQueryString"), text(20_000)
    ),
    "threeDSResult": text(50_000),
    "threeds2.challengeResult": text(50_000),
    "threeds2.fingerprint": text(100_000),
}
DETAILS: Spec = {
    "authenticationData": group({"authenticationOnly": flag}),
    "details": group(COMPLETION),
    "paymentData": text(200_000),
    "threeDSAuthenticationOnly": flag,
}

_MODIFICATION: Spec = {
    "applicationInfo": an_object,
    "enhancedSchemeData": an_object,
    "merchantAccount": text(),
    "reference": text(80),
}
_PARTS: Spec = {"amount": amount, "lineItems": a_list, "splits": a_list}
CAPTURE: Spec = {
    **_MODIFICATION,
    **_PARTS,
    "platformChargebackLogic": an_object,
    "subMerchants": a_list,
}
CANCEL: Spec = _MODIFICATION
REVERSAL: Spec = _MODIFICATION
REFUND: Spec = {
    **_MODIFICATION,
    **_PARTS,
    "capturePspReference": text(),
    "merchantRefundReason": one_of("FRAUD", "CUSTOMER REQUEST", "RETURN", "DUPLICATE", "OTHER"),
    "store": text(),
}
STANDALONE_CANCEL: Spec = {**_MODIFICATION, "paymentReference": text(80)}

STORE: Spec = {
    "merchantAccount": text(),
    "paymentMethod": group(
        {
            name: CARD[name]
            for name in (
                "brand",
                "cvc",
                "encryptedCard",
                "encryptedCardNumber",
                "encryptedExpiryMonth",
                "encryptedExpiryYear",
                "encryptedSecurityCode",
                "expiryMonth",
                "expiryYear",
                "holderName",
                "number",
                "type",
            )
        }
    ),
    "recurringProcessingModel": MODELS,
    "shopperEmail": text(),
    "shopperIP": text(),
    "shopperReference": text(256, 3),
}
STORED: Spec = {"merchantAccount": text(), "shopperReference": text(256, 3)}
METHODS: Spec = {
    **dict.fromkeys(("allowedPaymentMethods", "blockedPaymentMethods"), a_list),
    **dict.fromkeys(("browserInfo", "order"), an_object),
    **dict.fromkeys(
        (
            "countryCode",
            "shopperConversionId",
            "shopperEmail",
            "shopperIP",
            "shopperLocale",
            "store",
            "telephoneNumber",
        ),
        text(),
    ),
    "additionalData": texts(),
    "amount": amount,
    "channel": one_of("iOS", "Android", "Web"),
    "merchantAccount": text(),
    "shopperReference": text(256, 3),
    "splitCardFundingSources": flag,
    "storeFiltrationMode": one_of("exclusive", "inclusive", "skipFilter"),
}
