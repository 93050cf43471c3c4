"""The API: Stripe's words on purpose, for merchants who know them. The translation lives in this
package only.
"""
