// Figures and times as people read them.

const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", timeZone: "UTC" });
const MOMENT = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });

export const day = (iso) => DAY.format(new Date(`${iso}T00:00:00Z`));
export const moment = (iso) => MOMENT.format(new Date(iso));
export const clock = (date) => CLOCK.format(date);

export const version = (number) => (number === null ? "unknown" : `v${number}`);
export const percent = (share, digits = 0) => `${(100 * share).toFixed(digits)} %`;
export const count = (number, word) => `${number.toLocaleString()} ${word}${number === 1 ? "" : "s"}`;

// `74 % (72 % to 76 %)`, of thumbs with their interval.
export const thumbsUp = (thumbs) => `${percent(thumbs.rate)} (${percent(thumbs.low)} to ${percent(thumbs.high)})`;

// A difference of shares in percentage points, with its sign.
export function points(share) {
  const value = Math.round(100 * share);
  return value === 0 ? "0" : `${value > 0 ? "+" : "−"}${Math.abs(value)}`;
}

export function span(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 129600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} days`;
}

export function figure(value) {
  if (value === null || value === undefined) return "–";
  if (typeof value !== "number") return String(value);
  return Number.isInteger(value) ? value.toLocaleString() : Number(value.toPrecision(4)).toString();
}

// `0.71 (0.66 to 0.75, n = 300)`
export function estimate(found) {
  if (!found || found.value === null) return "–";
  const interval = found.low === null ? "" : `${found.low.toFixed(3)} to ${found.high.toFixed(3)}, `;
  return `${found.value.toFixed(3)} (${interval}n = ${found.n})`;
}

const isEstimate = (value) => ["value", "low", "high", "n"].every((name) => name in value);

// The numbers and estimates of a stage's report, as pairs of name and text; lists are left out.
export function figures(report, prefix = "", depth = 3) {
  return Object.entries(report).flatMap(([key, value]) => {
    const name = prefix + key;
    if (value === null || Array.isArray(value) || typeof value === "string") return [];
    if (typeof value !== "object") return [[name, figure(value)]];
    if (isEstimate(value)) return [[name, estimate(value)]];
    return depth > 0 ? figures(value, `${name}.`, depth - 1) : [];
  });
}
