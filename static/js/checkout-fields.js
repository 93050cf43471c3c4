/* What the customer types into our own two fields, checked before it leaves the browser.
   A card number typed into the wrong field is refused here, so it never reaches our server; the server checks again. */

const MANY_DIGITS = 12;
const DOMAINS = [
  "gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "hotmail.co.uk", "live.com", "msn.com", "yahoo.com",
  "yahoo.co.uk", "ymail.com", "icloud.com", "me.com", "aol.com", "proton.me", "protonmail.com", "gmx.de", "gmx.net",
  "web.de", "t-online.de", "orange.fr", "free.fr", "libero.it", "btinternet.com", "comcast.net", "verizon.net",
];

const digits = (text) => (text.match(/\p{Nd}/gu) || []).length;

/** Problems of the form by field id; empty when it may be sent. */
export function problemsOf(form) {
  const problems = {};
  const email = form.elements.email.value.trim();
  const name = form.elements.name.value.trim();
  const isCard = form.elements.method?.value === "card";
  if (!email) problems.email = "Enter your e-mail address";
  else if (digits(email) >= MANY_DIGITS) problems.email = "Enter an e-mail address, not a card number";
  else if (!/^[^\s@]+@[^\s@]+\.[^\s@.]{2,}$/u.test(email)) problems.email = "Enter a valid e-mail address";
  if (!name) problems.name = isCard ? "Enter the name on the card" : "Enter your name";
  else if (digits(name) >= MANY_DIGITS) problems.name = "Enter a name here, not a card number";
  else if (/^\d{3,4}$/u.test(name)) problems.name = "Enter the name as it appears on the card";
  return problems;
}

/** The address the customer probably meant, or null. */
export function suggestionFor(email) {
  const [local, domain, ...rest] = email.trim().toLowerCase().split("@");
  if (!local || !domain || rest.length || DOMAINS.includes(domain)) return null;
  const near = DOMAINS.map((known) => [distance(domain, known), known]).sort((a, b) => a[0] - b[0])[0];
  return near[0] > 0 && near[0] <= 2 && domain.length > 4 ? `${email.trim().split("@")[0]}@${near[1]}` : null;
}

/** Edits between two words, a swap of neighbours counting once. */
function distance(from, to) {
  const rows = [Array.from({ length: to.length + 1 }, (_, column) => column)];
  for (let i = 1; i <= from.length; i += 1) {
    rows[i] = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const change = from[i - 1] === to[j - 1] ? 0 : 1;
      rows[i][j] = Math.min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + change);
      if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]) {
        rows[i][j] = Math.min(rows[i][j], rows[i - 2][j - 2] + 1);
      }
    }
  }
  return rows[from.length][to.length];
}
