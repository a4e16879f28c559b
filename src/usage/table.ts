import type { Sums, UsageReport, UsageRow } from './group.ts';
import { dollarsOf } from './money.ts';
import type { UsageQuery } from './query.ts';

export type Cell = string | number;

/** Names of a report's columns: its bucket and dimensions, then what is counted. */
export function columnsOf({ bucket, groupBy }: Pick<UsageQuery, 'bucket' | 'groupBy'>): string[] {
  return [...(bucket === undefined ? [] : ['bucket']), ...groupBy.map(({ name }) => name), ...countedColumns];
}

/** The cells of a row, in the order of the columns. */
export function cellsOf({ bucket, values, sums }: UsageRow): Cell[] {
  return [...(bucket === undefined ? [] : [bucket]), ...values, ...Object.values(countedOf(sums))];
}

/** What a report's sums are to those who read them: money as exact dollars, and in nano-dollars for those who go on reckoning. */
const countedOf = ({ costNanos, ...counts }: Sums) => ({
  ...counts,
  costNanos: costNanos.toString(),
  costDollars: dollarsOf(costNanos),
});

const countedColumns = [
  'requests',
  'billedAttempts',
  'copies',
  'inputTokens',
  'cacheReadTokens',
  'cacheWriteTokens',
  'cacheWrite1hTokens',
  'inputAudioTokens',
  'outputTokens',
  'reasoningTokens',
  'outputAudioTokens',
  'estimated',
  'unpriced',
  'costNanos',
  'costDollars',
] as const satisfies (keyof ReturnType<typeof countedOf>)[];

/** A report as JSON. */
export function reportJson(report: UsageReport, query: UsageQuery, keptSince: number) {
  const { from, to, bucket, groupBy, timeZone } = query;
  return {
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    keptSince: new Date(keptSince).toISOString(),
    timeZone,
    bucket: bucket ?? null,
    groupBy: groupBy.map(({ name }) => name),
    rows: report.rows.map(({ bucket: name, values, sums }) => ({
      ...(name !== undefined && { bucket: name }),
      ...Object.fromEntries(groupBy.map((dimension, index) => [dimension.name, values[index] ?? ''])),
      ...countedOf(sums),
    })),
    total: countedOf(report.total),
  };
}

/** A table as CSV (RFC 4180). A cell that a spreadsheet would take for a formula begins with an apostrophe. */
export function csvOf(rows: Iterable<readonly Cell[]>): string {
  let text = '';
  for (const row of rows) text += `${row.map(csvCell).join(',')}\r\n`;
  return text;
}

function csvCell(cell: Cell): string {
  if (typeof cell === 'number') return String(cell);
  const safe = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
