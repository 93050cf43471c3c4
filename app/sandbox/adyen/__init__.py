"""The world as a merchant of Adyen sees it: Checkout v71, its web component, its notifications.

Nothing here can be asked what became of a payment: as at Adyen, the answer of a call and the signed
notifications are all that is ever told.
"""
