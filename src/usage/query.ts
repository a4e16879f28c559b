import type { LedgerEntry } from '../stores/entry.ts';
import type { EntryFilter } from '../stores/quota.ts';
import { buckets, createCalendar, type Bucket } from './calendar.ts';
import { dimensionNames, dimensionOf, type Dimension } from './dimension.ts';
import { momentOf } from './moment.ts';
import { QueryError } from './query-error.ts';

/** Which entries of the ledger are meant. */
export interface EntryQuery {
  /** Milliseconds since 1970: from (inclusive) to (exclusive), by when they began. */
  from: number;
  to: number;
  /** What the store can look for by itself. */
  filter: EntryFilter;
  /** Everything that is asked of them, what `filter` has included. */
  matches: (entry: LedgerEntry) => boolean;
}

/** What of them is asked. */
export interface UsageQuery extends EntryQuery {
  groupBy: readonly Dimension[];
  bucket: Bucket | undefined;
  timeZone: string;
}

const ownParameters = ['from', 'to', 'timeZone', 'groupBy', 'bucket'];
const defaultSpan = '30d';

/**
 * Reads a question from the parameters of an address or a command line: `from`, `to`, `timeZone`, `groupBy`, `bucket`, and a value for each dimension that is filtered by.
 * `tenant` means a tenant and all within it. Throws QueryError.
 */
export function readUsageQuery(parameters: Iterable<readonly [string, string]>, now: number): UsageQuery {
  const given = new Map(parameters);
  const timeZone = given.get('timeZone') ?? 'UTC';
  checkTimeZone(timeZone);
  const moment = (name: string, otherwise: string): number => readMoment(name, given.get(name) ?? otherwise, { now, timeZone });
  const [from, to] = [moment('from', defaultSpan), given.has('to') ? moment('to', '') : now + 1];
  if (from >= to) throw new QueryError('"from" must be before "to", which is the first moment that does not count.');
  return {
    from,
    to,
    ...readFilters([...given].filter(([name]) => !ownParameters.includes(name))),
    groupBy: readGroupBy(given.get('groupBy') ?? ''),
    bucket: readBucket(given.get('bucket')),
    timeZone,
  };
}

function checkTimeZone(timeZone: string): void {
  try {
    createCalendar(timeZone);
  } catch {
    throw new QueryError('"timeZone" must be the name of a time zone, such as Europe/Berlin or UTC.');
  }
}

function readMoment(name: string, text: string, place: { now: number; timeZone: string }): number {
  const moment = momentOf(text, place);
  if (moment !== undefined) return moment;
  throw new QueryError(
    `"${name}" must be a day such as 2026-11-01, a moment such as 2026-11-01T12:00:00Z, or a time such as 7d, which means that long ago.`,
  );
}

function readBucket(text: string | undefined): Bucket | undefined {
  if (text === undefined || text === '') return undefined;
  const bucket = buckets.find((each) => each === text);
  if (bucket === undefined) throw new QueryError(`"bucket" must be one of ${buckets.join(', ')}.`);
  return bucket;
}

function readGroupBy(text: string): Dimension[] {
  const names = text === '' ? [] : text.split(',').map((name) => name.trim());
  if (names.length > 8) throw new QueryError('"groupBy" takes 8 names at most.');
  const dimensions = names.map((name) => dimensionOf(name) ?? unknown('"groupBy" knows no such name.'));
  return dimensions.filter(({ name }, index) => dimensions.findIndex((other) => other.name === name) === index);
}

function readFilters(parameters: readonly (readonly [string, string])[]): Pick<UsageQuery, 'filter' | 'matches'> {
  const wanted = parameters.map(([name, value]) => ({ dimension: dimensionOf(name) ?? unknown(`"${name.slice(0, 64)}" is no parameter.`), value }));
  const valueOf = (name: string): string | undefined => wanted.find(({ dimension }) => dimension.name === name)?.value;
  const [tenant, key, user, served, provider] = ['tenant', 'key', 'user', 'served', 'provider'].map(valueOf);
  const filter: EntryFilter = {
    ...(tenant !== undefined && { tenant }),
    ...(key !== undefined && { key }),
    ...(user !== undefined && tenant !== undefined && { user }), // users are those of a tenant
    ...(served !== undefined && { served }),
    ...(provider !== undefined && { provider }),
  };
  const has = ({ dimension, value }: (typeof wanted)[number], entry: LedgerEntry): boolean =>
    dimension.name === 'tenant' ? entry.tenants.includes(value) : dimension.of(entry) === value;
  return { filter, matches: (entry) => wanted.every((one) => has(one, entry)) };
}

function unknown(what: string): never {
  throw new QueryError(`${what} Usage is told apart by ${dimensionNames.join(', ')}, label:NAME and experiment:NAME.`);
}
