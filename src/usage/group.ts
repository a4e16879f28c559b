import type { LedgerEntry } from '../stores/entry.ts';
import { createCalendar, type Bucket, type Span } from './calendar.ts';
import type { UsageQuery } from './query.ts';
import { QueryError } from './query-error.ts';

/** What entries add up to. Money is in nano-dollars. */
export interface Sums {
  /** Exchanges: requests of clients. */
  requests: number;
  /** Failed attempts that a provider bills, which are entries of their own. */
  billedAttempts: number;
  /** Copies of requests that went to another model. */
  copies: number;
  inputTokens: number;
  cacheReadTokens: number;
  cacheWriteTokens: number;
  /** Of these, written for an hour. */
  cacheWrite1hTokens: number;
  inputAudioTokens: number;
  outputTokens: number;
  reasoningTokens: number;
  outputAudioTokens: number;
  costNanos: bigint;
  /** Entries whose usage is an estimate. */
  estimated: number;
  /** Entries without a price. */
  unpriced: number;
}

/** One group of a report. */
export interface UsageRow {
  /** Name of the span of time; undefined where none was asked for. */
  bucket: string | undefined;
  /** The value of each dimension, in the order of the question. */
  values: readonly string[];
  sums: Sums;
}

export interface UsageReport {
  /** In the order of time; the dearest first within a bucket. */
  rows: readonly UsageRow[];
  total: Sums;
}

/** Most groups of a report. */
export const maxGroups = 10_000;

type Group = UsageRow & { from: number };

/** Adds up pages of entries. Holds no more than the groups. Throws QueryError where those are too many. */
export async function groupUsage(pages: AsyncIterable<readonly LedgerEntry[]>, query: UsageQuery): Promise<UsageReport> {
  const { matches, groupBy, bucket } = query;
  const spanOf = createSpanOf(bucket, query.timeZone);
  const groups = new Map<string, Group>();
  const total = noSums();
  for await (const page of pages) {
    for (const entry of page) {
      if (!matches(entry)) continue;
      const span = spanOf(entry.startedAt);
      const values = groupBy.map(({ of }) => of(entry));
      const key = JSON.stringify([span?.from, ...values]);
      let group = groups.get(key);
      if (group === undefined) {
        if (groups.size >= maxGroups) throw tooMany();
        group = { bucket: span?.name, from: span?.from ?? 0, values, sums: noSums() };
        groups.set(key, group);
      }
      add(group.sums, entry);
      add(total, entry);
    }
  }
  return { rows: [...groups.values()].toSorted(inOrder).map(({ bucket: name, values, sums }) => ({ bucket: name, values, sums })), total };
}

const tooMany = (): QueryError =>
  new QueryError(
    `That makes more than ${maxGroups} rows: ask for a shorter time, a longer bucket, fewer names in groupBy, or one tenant, key or model.`,
  );

/** The bucket of an instant. Entries come in the order of time, so it is nearly always the one that was asked for last. */
function createSpanOf(bucket: Bucket | undefined, timeZone: string): (instant: number) => Span | undefined {
  if (bucket === undefined) return () => undefined;
  const { bucketOf } = createCalendar(timeZone);
  let last: Span | undefined;
  return (instant) => {
    if (last === undefined || instant < last.from || instant >= last.to) last = bucketOf(bucket, instant);
    return last;
  };
}

const inOrder = (a: Group, b: Group): number =>
  a.from - b.from ||
  compare(b.sums.costNanos, a.sums.costNanos) ||
  b.sums.requests - a.sums.requests ||
  compare(a.values.join(' '), b.values.join(' '));

const compare = <T extends bigint | string>(a: T, b: T): number => Number(a > b) - Number(a < b);

const noSums = (): Sums => ({
  requests: 0,
  billedAttempts: 0,
  copies: 0,
  inputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  cacheWrite1hTokens: 0,
  inputAudioTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
  outputAudioTokens: 0,
  costNanos: 0n,
  estimated: 0,
  unpriced: 0,
});

const countOf = { exchange: 'requests', attempt: 'billedAttempts', mirror: 'copies' } as const satisfies Record<LedgerEntry['kind'], keyof Sums>;

const tokenKinds = [
  'inputTokens',
  'cacheReadTokens',
  'cacheWriteTokens',
  'cacheWrite1hTokens',
  'inputAudioTokens',
  'outputTokens',
  'reasoningTokens',
  'outputAudioTokens',
] as const satisfies (keyof LedgerEntry['usage'])[];

/** Changes `sums`, which belong to the caller: one report may read millions of entries. */
function add(sums: Sums, { kind, usage, costNanos, estimated, unpriced }: LedgerEntry): void {
  const total = sums;
  total[countOf[kind]] += 1;
  for (const tokens of tokenKinds) total[tokens] += usage[tokens];
  total.costNanos += BigInt(costNanos);
  if (estimated) total.estimated += 1;
  if (unpriced) total.unpriced += 1;
}
