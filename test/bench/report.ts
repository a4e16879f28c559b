import type { Workload } from './canned.ts';
import type { CaseName } from './options.ts';
import type { Slice } from './measure.ts';

/** One row of the result: medians over the rounds. */
export interface Row {
  case: CaseName;
  title: string;
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  envoyMs: number;
  sidecarMs: number;
  busy: number;
  /** To plain Envoy in the same round. */
  ratios: { perSecond: number; cpu: number };
  addedP50Ms: number;
  addedP99Ms: number;
  rssMib: { envoy: number | undefined; sidecar: number | undefined };
}

/** The aims for CPU per request with everything on, as multiples of plain Envoy's. */
const aims: Partial<Record<Workload, number>> = { json: 10, stream: 2.4 };

/** What a workload's table is called. */
export const titles: Record<Workload, string> = {
  json: 'JSON answers',
  stream: 'Event streams of 50 text chunks, as fast as they are read',
  paced: 'Event streams of 50 text chunks, 10 ms apart',
};

/** A measured case. */
export interface Subject {
  name: CaseName;
  title: string;
  rssMib: Row['rssMib'];
}

/** Rows of one workload. Ratios and differences are taken round by round and then their median, so that a disturbed round counts for little. */
export function toRows(slices: readonly Slice[], subjects: readonly Subject[]): Row[] {
  const plain = slices.filter((slice) => slice.case === 'plain');
  return subjects.map(({ name, title, rssMib }) => {
    const own = slices.filter((slice) => slice.case === name);
    const of = (value: (slice: Slice) => number): number => median(own.map(value));
    const beside = (value: (slice: Slice, plain: Slice) => number): number =>
      median(own.flatMap((slice) => plain.filter(({ round }) => round === slice.round).map((base) => value(slice, base))));
    return {
      ...{ case: name, title, rssMib },
      perSecond: of((slice) => slice.perSecond),
      p50Ms: of((slice) => slice.p50Ms),
      p99Ms: of((slice) => slice.p99Ms),
      envoyMs: of((slice) => slice.envoyMs),
      sidecarMs: of((slice) => slice.sidecarMs),
      busy: of((slice) => slice.busy),
      ratios: {
        perSecond: beside((slice, base) => slice.perSecond / base.perSecond),
        cpu: beside((slice, base) => (slice.envoyMs + slice.sidecarMs) / (base.envoyMs + base.sidecarMs)),
      },
      addedP50Ms: beside((slice, base) => slice.p50Ms - base.p50Ms),
      addedP99Ms: beside((slice, base) => slice.p99Ms - base.p99Ms),
    };
  });
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

const columns: readonly [head: string, cell: (row: Row) => string][] = [
  ['', ({ title }) => title],
  ['req/s', ({ perSecond }) => perSecond.toFixed(0)],
  ['x plain', ({ ratios }) => ratios.perSecond.toFixed(2)],
  ['p50 ms', ({ p50Ms }) => p50Ms.toFixed(2)],
  ['added', ({ case: name, addedP50Ms }) => (name === 'plain' ? '' : signed(addedP50Ms))],
  ['p99 ms', ({ p99Ms }) => p99Ms.toFixed(2)],
  ['added', ({ case: name, addedP99Ms }) => (name === 'plain' ? '' : signed(addedP99Ms))],
  ['CPU ms: Envoy', (row) => (row.case === 'direct' ? '' : row.envoyMs.toFixed(3))],
  ['sidecar', (row) => (hasSidecar(row) ? row.sidecarMs.toFixed(3) : '')],
  ['x plain', (row) => (row.case === 'direct' ? '' : row.ratios.cpu.toFixed(2))],
  ['core busy', (row) => (row.case === 'direct' ? '' : `${(row.busy * 100).toFixed(0)} %`)],
  ['RSS MiB: Envoy', ({ rssMib }) => rssMib.envoy?.toFixed(0) ?? ''],
  ['sidecar', ({ rssMib }) => rssMib.sidecar?.toFixed(0) ?? ''],
];

const hasSidecar = ({ rssMib }: Row): boolean => rssMib.sidecar !== undefined;
const signed = (value: number): string => `${value < 0 ? '' : '+'}${value.toFixed(2)}`;

/** The table of a workload. */
export const table = (rows: readonly Row[]): string =>
  formatTable([columns.map(([head]) => head), ...rows.map((row) => columns.map(([, cell]) => cell(row)))]);

/** A table that reads well both as text and as Markdown, its first row the head: all its rows have the same number of cells. */
export function formatTable(cells: readonly (readonly string[])[]): string {
  const widths = (cells[0] ?? []).map((_, column) => Math.max(3, ...cells.map((line) => line[column]?.length ?? 0)));
  const write = (line: readonly string[]): string =>
    `| ${line.map((text, column) => (column === 0 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0))).join(' | ')} |`;
  const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [write(cells[0] ?? []), write(rule), ...cells.slice(1).map(write)].join('\n');
}

/** Whether the aim for a workload was met; undefined where there is none, or nothing that it speaks of was measured. */
export function verdict(workload: Workload, rows: readonly Row[]): string | undefined {
  const aim = aims[workload];
  const row = rows.find(({ case: name }) => name === 'everything');
  if (aim === undefined || row === undefined) return undefined;
  const isMet = row.ratios.cpu <= aim;
  return `${workload}: everything on takes ${row.ratios.cpu.toFixed(2)} x plain Envoy's CPU; the aim, at most ${aim} x, is ${isMet ? 'met' : 'NOT met'}.`;
}
