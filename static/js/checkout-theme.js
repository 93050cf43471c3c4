/* How our own fields look, for fields that are not ours; and how long those may take to appear. */

export const SLOW_AFTER_MS = 12000;

/** The colours and the type of this moment, as plain values: a frame of another origin knows none of our variables. */
export function readTheme() {
  const css = getComputedStyle(document.body);
  const probe = document.createElement("span");
  document.body.append(probe);
  const colour = (name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const theme = {
    ink: colour("--ink"),
    soft: colour("--ink-2"),
    faint: colour("--ink-3"),
    red: colour("--red"),
    font: css.getPropertyValue("--font-field").trim(),
    size: "17px",
  };
  probe.remove();
  return theme;
}
