/** The month that was asked for last: nearly always the one that is asked for next. */
let last = { from: Number.POSITIVE_INFINITY, to: Number.NEGATIVE_INFINITY, name: '' };

/** The calendar month in UTC that holds an instant (milliseconds since 1970), such as `2026-11`. */
export function periodOf(instant: number): string {
  if (instant < last.from || instant >= last.to) {
    const date = new Date(instant);
    last = { from: Date.UTC(date.getUTCFullYear(), date.getUTCMonth()), to: periodEnd(instant), name: date.toISOString().slice(0, 7) };
  }
  return last.name;
}

/** When that month is over: the first instant of the next one. */
export function periodEnd(instant: number): number {
  const date = new Date(instant);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1);
}
