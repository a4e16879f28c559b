const unitsMs: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

/** Longer texts name no time. */
const longestText = 64;

/**
 * Reads when something will be, as vendors write it: a number of seconds, `6m0s`, `59.56s`, `12ms`, seconds or milliseconds since 1970,
 * RFC 3339, or an HTTP date (https://www.rfc-editor.org/rfc/rfc9110#field.retry-after). Times are in milliseconds since 1970; undefined for anything else.
 */
export function readMoment(text: string, now: number): number | undefined {
  const trimmed = text.trim();
  if (trimmed === '' || trimmed.length > longestText) return undefined;
  const seconds = Number(trimmed);
  if (Number.isFinite(seconds)) return fromNumber(seconds, now);
  const durationMs = readDuration(trimmed);
  if (durationMs !== undefined) return now + durationMs;
  const date = /[-,]/.test(trimmed) ? Date.parse(trimmed) : Number.NaN;
  return Number.isNaN(date) ? undefined : date;
}

/** Nobody's limit resets in 30 years, so a number that large counts from 1970. */
function fromNumber(value: number, now: number): number | undefined {
  if (value < 0) return undefined;
  if (value >= 1e12) return value;
  return value >= 1e9 ? value * 1000 : now + value * 1000;
}

function readDuration(text: string): number | undefined {
  const part = /(\d+(?:\.\d+)?)(ms|[smhd])/y;
  let totalMs = 0;
  while (part.lastIndex < text.length) {
    const [, amount, unit = ''] = part.exec(text) ?? [];
    if (amount === undefined) return undefined;
    totalMs += Number(amount) * (unitsMs.get(unit) ?? 0);
  }
  return totalMs;
}
