/** The calendar month in UTC that holds an instant (milliseconds since 1970), such as `2026-11`. */
export function periodOf(instant: number): string {
  return new Date(instant).toISOString().slice(0, 7);
}

/** When that month is over: the first instant of the next one. */
export function periodEnd(instant: number): number {
  const date = new Date(instant);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1);
}
