export const buckets = ['hour', 'day', 'week', 'month'] as const;
export type Bucket = (typeof buckets)[number];

/** A span of time with a name for people, in milliseconds since 1970: `from` inclusive, `to` exclusive. */
export interface Span {
  from: number;
  to: number;
  /** Such as `2026-11` (month), `2026-11-02` (day, or the Monday of a week), `2026-11-02T13:00+01:00` (hour). */
  name: string;
}

/** The clocks and calendars of one place. */
export interface Calendar {
  /** The bucket that holds an instant. */
  bucketOf(bucket: Bucket, instant: number): Span;
  /** When a day begins there: mostly at midnight. `month` counts from 1, and may run over, as may `day`. */
  startOfDay(year: number, month: number, day: number): number;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** The calendar of a time zone (an IANA name). Throws RangeError where there is no such zone. */
export function createCalendar(timeZone: string): Calendar {
  const offsetAt = createOffset(timeZone);

  /** The first instant at which the clock there shows this time (as if it were UTC), or has passed it where it is skipped. */
  function instantOf(wall: number): number {
    const before = offsetAt(wall - dayMs);
    const candidates = [wall - before, wall - offsetAt(wall + dayMs)].toSorted((a, b) => a - b);
    return candidates.find((instant) => instant + offsetAt(instant) === wall) ?? wall - before;
  }

  function bucketOf(bucket: Bucket, instant: number): Span {
    const offset = offsetAt(instant);
    const local = new Date(instant + offset);
    if (bucket === 'hour') {
      const from = instant - modulo(instant + offset, hourMs);
      return { from, to: from + hourMs, name: `${new Date(from + offset).toISOString().slice(0, 16)}${offsetName(offset)}` };
    }
    const [first, next] = firstAndNext(bucket, local);
    return { from: instantOf(first), to: instantOf(next), name: new Date(first).toISOString().slice(0, bucket === 'month' ? 7 : 10) };
  }

  return { bucketOf, startOfDay: (year, month, day) => instantOf(Date.UTC(year, month - 1, day)) };
}

/** The midnights that a bucket lies between, as the clock there shows them. */
function firstAndNext(bucket: Exclude<Bucket, 'hour'>, local: Date): [number, number] {
  const [year, month, day] = [local.getUTCFullYear(), local.getUTCMonth(), local.getUTCDate()];
  if (bucket === 'month') return [Date.UTC(year, month), Date.UTC(year, month + 1)];
  const first = bucket === 'day' ? day : day - ((local.getUTCDay() + 6) % 7);
  return [Date.UTC(year, month, first), Date.UTC(year, month, first + (bucket === 'day' ? 1 : 7))];
}

/** How far the clocks of a zone are ahead of UTC at an instant, in milliseconds. */
function createOffset(timeZone: string): (instant: number) => number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (instant) => {
    const parts = new Map(format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
    const part = (name: Intl.DateTimeFormatPartTypes): number => parts.get(name) ?? 0;
    const wall = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
    return wall - (instant - modulo(instant, 1000));
  };
}

function offsetName(offset: number): string {
  if (offset === 0) return 'Z';
  const minutes = Math.abs(Math.round(offset / 60_000));
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

const modulo = (value: number, by: number): number => ((value % by) + by) % by;
