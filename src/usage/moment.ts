import { createCalendar } from './calendar.ts';

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000, y: 366 * 86_400_000 };

/** A time such as `0s`, `90m`, `24h`, `7d` or `1y` (366 days), in milliseconds; undefined for what is none. */
export function durationMsOf(text: string): number | undefined {
  const [, amount, unit = ''] = /^(\d{1,9})(ms|s|m|h|d|w|y)$/.exec(text) ?? [];
  const ms = Number(amount) * (unitsMs[unit] ?? Number.NaN);
  return ms <= maxDurationMs ? ms : undefined;
}

const maxDurationMs = 100 * 366 * 86_400_000;

const instantPattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d)$/;

/**
 * A moment as people write it, in milliseconds since 1970: `2026-11-01` (when that day begins in the time zone), `2026-11-01T12:00:00Z`,
 * or `7d` (that long before now). Undefined for what is none.
 */
export function momentOf(text: string, { now, timeZone }: { now: number; timeZone: string }): number | undefined {
  const duration = durationMsOf(text);
  if (duration !== undefined) return now - duration;
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text) ?? [];
  if (year !== undefined) {
    const [y, m, d] = [Number(year), Number(month), Number(day)];
    const exists = new Date(Date.UTC(y, m - 1, d)).toISOString().startsWith(text);
    return exists ? createCalendar(timeZone).startOfDay(y, m, d) : undefined;
  }
  return instantOf(text);
}

/** A moment with its offset, such as `2026-11-01T12:00:00Z`, in milliseconds since 1970; undefined for what is none. */
export function instantOf(text: string): number | undefined {
  const ms = instantPattern.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}
