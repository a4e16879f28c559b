import type { Period } from '../policies/terms.ts';

/** A calendar period: its name, such as `2026-11-21`, `2026-W47`, `2026-11`, `2026-Q4`, `2026` or `total`, and its time from (inclusive) to (exclusive), in milliseconds since 1970. */
export interface CalendarPeriod {
  name: string;
  from: number;
  to: number;
}

const dayMs = 86_400_000;
/** No zone is, or was, further from UTC. */
const furthestMs = 16 * 3_600_000;

const total: CalendarPeriod = { name: 'total', from: 0, to: Number.MAX_SAFE_INTEGER };

/** The period that was asked for last, of each kind in each time zone: nearly always the one that is asked for next. */
const latest: Readonly<Record<Exclude<Period, 'total'>, Map<string, CalendarPeriod>>> = {
  day: new Map(),
  week: new Map(),
  month: new Map(),
  quarter: new Map(),
  year: new Map(),
};

/** The period that holds an instant (milliseconds since 1970) by the calendar of a time zone (IANA name). Throws RangeError where there is no such zone. */
export function periodOf(now: number, per: Period, timeZone: string): CalendarPeriod {
  if (per === 'total') return total;
  const known = latest[per].get(timeZone);
  if (known !== undefined && now >= known.from && now < known.to) return known;
  const found = findPeriod(now, per, timeZone);
  latest[per].set(timeZone, found);
  return found;
}

function findPeriod(now: number, per: Exclude<Period, 'total'>, timeZone: string): CalendarPeriod {
  const dateAt = dateReader(timeZone);
  const today = dateAt(now);
  const [first, next] = spans[per](today);
  const from = startOf(first, dateAt);
  const to = startOf(next, dateAt);
  // A clock put back over midnight shows the old date again: a date that has begun goes on.
  if (now >= to) return findPeriod(to, per, timeZone);
  if (now < from) return findPeriod(from - 1, per, timeZone);
  return { name: names[per](first), from, to };
}

/** Dates are counted as days since 1970, whatever the zone. */
type LocalDate = number;

const dateOf = (year: number, month: number, day = 1): LocalDate => Date.UTC(year, month, day) / dayMs;
const yearOf = (date: LocalDate): number => new Date(date * dayMs).getUTCFullYear();
const monthOf = (date: LocalDate): number => new Date(date * dayMs).getUTCMonth();

/** The first date of the period that holds a date, and that of the next one. */
const spans: Record<Exclude<Period, 'total'>, (date: LocalDate) => [first: LocalDate, next: LocalDate]> = {
  day: (date) => [date, date + 1],
  week(date) {
    const monday = date - ((new Date(date * dayMs).getUTCDay() + 6) % 7);
    return [monday, monday + 7];
  },
  month: (date) => [dateOf(yearOf(date), monthOf(date)), dateOf(yearOf(date), monthOf(date) + 1)],
  quarter(date) {
    const month = monthOf(date) - (monthOf(date) % 3);
    return [dateOf(yearOf(date), month), dateOf(yearOf(date), month + 3)];
  },
  year: (date) => [dateOf(yearOf(date), 0), dateOf(yearOf(date) + 1, 0)],
};

const names: Record<Exclude<Period, 'total'>, (first: LocalDate) => string> = {
  day: (first) => new Date(first * dayMs).toISOString().slice(0, 10),
  /** ISO 8601: a week belongs to the year that its Thursday is in. */
  week(first) {
    const year = yearOf(first + 3);
    const week = 1 + Math.floor((first + 3 - dateOf(year, 0)) / 7);
    return `${year}-W${String(week).padStart(2, '0')}`;
  },
  month: (first) => new Date(first * dayMs).toISOString().slice(0, 7),
  quarter: (first) => `${yearOf(first)}-Q${monthOf(first) / 3 + 1}`,
  year: (first) => String(yearOf(first)),
};

type DateAt = (instant: number) => LocalDate;

/** Tells the date that a zone's calendars show at an instant. */
function dateReader(timeZone: string): DateAt {
  const format = new Intl.DateTimeFormat('en-US', { timeZone, calendar: 'iso8601', year: 'numeric', month: 'numeric', day: 'numeric' });
  return (instant) => {
    const shown = { year: 0, month: 0, day: 0 };
    for (const { type, value } of format.formatToParts(instant)) {
      if (type === 'year' || type === 'month' || type === 'day') shown[type] = Number(value);
    }
    return dateOf(shown.year, shown.month - 1, shown.day);
  };
}

/** The first instant at which a date, or a later one where the zone left it out, is shown: no midnight need exist, and no day need have 24 hours. */
function startOf(date: LocalDate, dateAt: DateAt): number {
  let before = date * dayMs - furthestMs;
  let since = date * dayMs + furthestMs;
  while (since - before > 1) {
    const middle = Math.floor((before + since) / 2);
    if (dateAt(middle) >= date) since = middle;
    else before = middle;
  }
  return since;
}
