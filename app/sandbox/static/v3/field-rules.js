"use strict";
/* What a card field accepts, how it is shown, and Stripe's words for what is wrong with it. */

const BRANDS = [
  { name: "amex", pattern: /^3[47]/, lengths: [15], gaps: [4, 10], code: 4 },
  { name: "diners", pattern: /^(36|38|39|30[0-5]|3095)/, lengths: [14, 16], gaps: [4, 8, 12], code: 3 },
  { name: "jcb", pattern: /^35/, lengths: [16], gaps: [4, 8, 12], code: 3 },
  { name: "discover", pattern: /^(6011|64[4-9]|65)/, lengths: [16], gaps: [4, 8, 12], code: 3 },
  { name: "unionpay", pattern: /^(62|81)/, lengths: [16, 17, 18, 19], gaps: [4, 8, 12, 16], code: 3 },
  { name: "mastercard", pattern: /^(5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, lengths: [16],
    gaps: [4, 8, 12], code: 3 },
  { name: "visa", pattern: /^4/, lengths: [16], gaps: [4, 8, 12], code: 3 },
];
const UNKNOWN = { name: "unknown", lengths: [16], gaps: [4, 8, 12], code: 4 };
const MESSAGES = {
  incomplete_number: "Your card number is incomplete.",
  invalid_number: "Your card number is invalid.",
  incomplete_expiry: "Your card's expiration date is incomplete.",
  invalid_expiry_month_past: "Your card's expiration date is in the past.",
  invalid_expiry_year_past: "Your card's expiration year is in the past.",
  invalid_expiry_year: "Your card's expiration year is invalid.",
  incomplete_cvc: "Your card's security code is incomplete.",
  incomplete_iban: "The IBAN you entered is incomplete.",
  invalid_iban: "The IBAN you entered is invalid.",
};

/* How long an IBAN is in each country of the test accounts, and a few more. */
const IBAN_LENGTHS = { AT: 20, BE: 16, CH: 21, DE: 22, ES: 24, FI: 18, FR: 27, IE: 22, IT: 27, LU: 20, NL: 18, PT: 25 };

function passesMod97(iban) {
  const digits = [...iban.slice(4), ...iban.slice(0, 4)].map((character) => parseInt(character, 36)).join("");
  return [...digits].reduce((rest, digit) => (rest * 10 + Number(digit)) % 97, 0) === 1;
}

function problem(code) {
  return { type: "validation_error", code, message: MESSAGES[code] };
}

function brandOf(digits) {
  return BRANDS.find((brand) => brand.pattern.test(digits)) || UNKNOWN;
}

function passesLuhn(digits) {
  const sum = [...digits].reverse().map(Number).reduce((total, digit, index) => {
    const value = index % 2 ? digit * 2 : digit;
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0;
}

/* Each rule: digits → text shown; digits → {complete, error}. `error` shows while typing; what is merely
   unfinished becomes an error when the field is left. */
const RULES = {
  number: {
    incomplete: "incomplete_number",
    maximum: (digits) => Math.max(...brandOf(digits).lengths),
    format: (digits) => {
      const gaps = brandOf(digits).gaps;
      return [...digits].map((digit, index) => (gaps.includes(index) ? ` ${digit}` : digit)).join("");
    },
    judge: (digits) => {
      const { lengths } = brandOf(digits);
      const isFull = digits.length >= Math.max(...lengths);
      if (lengths.includes(digits.length) && passesLuhn(digits)) {
        return { complete: true };
      }
      return { complete: false, error: isFull ? problem("invalid_number") : undefined };
    },
  },
  expiry: {
    incomplete: "incomplete_expiry",
    maximum: () => 4,
    prepare: (digits) => (/^[2-9]/.test(digits) ? `0${digits}` : digits),
    format: (digits) => {
      if (digits.length < 2) {
        return digits;
      }
      return `${digits.slice(0, 2)} / ${digits.slice(2)}`;
    },
    judge: (digits) => {
      const month = Number(digits.slice(0, 2));
      if (digits.length >= 2 && (month < 1 || month > 12)) {
        return { complete: false, error: problem("incomplete_expiry") };
      }
      if (digits.length < 4) {
        return { complete: false };
      }
      const today = new Date();
      const year = 2000 + Number(digits.slice(2));
      if (year < today.getFullYear()) {
        return { complete: false, error: problem("invalid_expiry_year_past") };
      }
      if (year > today.getFullYear() + 50) {
        return { complete: false, error: problem("invalid_expiry_year") };
      }
      if (year === today.getFullYear() && month < today.getMonth() + 1) {
        return { complete: false, error: problem("invalid_expiry_month_past") };
      }
      return { complete: true };
    },
  },
  cvc: {
    incomplete: "incomplete_cvc",
    maximum: (_, brand) => brand.code,
    format: (digits) => digits,
    judge: (digits, brand) => {
      const isComplete = brand.name === "unknown" ? digits.length >= 3 : digits.length === brand.code;
      return { complete: isComplete };
    },
  },
  iban: {
    incomplete: "incomplete_iban",
    clean: (text) => text.toUpperCase().replace(/[^A-Z0-9]/g, ""),
    character: /[A-Za-z0-9]/,
    maximum: (text) => IBAN_LENGTHS[text.slice(0, 2)] || 34,
    format: (text) => text.replace(/(.{4})(?=.)/g, "$1 "),
    judge: (text) => {
      const wanted = IBAN_LENGTHS[text.slice(0, 2)];
      const isFull = wanted ? text.length === wanted : text.length >= 15;
      if (isFull && passesMod97(text)) {
        return { complete: true };
      }
      const isWrong = (wanted && isFull) || /^[^A-Z]|^.[^A-Z]/.test(text);
      return { complete: false, error: isWrong ? problem("invalid_iban") : undefined };
    },
  },
};
