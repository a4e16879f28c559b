import type { LedgerEntry } from '../entry.ts';
import type { EntryFilter } from '../quota.ts';

/** Where the fields that scripts read are in a row. `usage` has input tokens first and output tokens fifth. Releases may add to its end what older ones leave out. */
export const rowAt = { startedAt: 0, tenants: 1, user: 2, key: 3, served: 4, provider: 5, costNanos: 6, usage: 7 } as const;

/** An entry as Redis keeps it, under its id: by position, since names would be most of it. */
type Row = readonly [
  startedAt: number,
  tenants: LedgerEntry['tenants'],
  user: string,
  key: string,
  served: string,
  provider: string,
  costNanos: number,
  usage: readonly [number, number, number, number, number, number, number, cacheWrite1h?: number, serviceTier?: string],
  /** Empty where it is the entry's id. */
  exchange: string,
  kind: LedgerEntry['kind'],
  protocol: LedgerEntry['protocol'],
  model: string,
  route: string,
  deployment: string,
  providerModel: string,
  attempts: number,
  endedAt: number,
  priceVersion: string,
  estimated: 0 | 1,
  unpriced: 0 | 1,
  cache: LedgerEntry['cache'],
  end: LedgerEntry['end'],
  status: number,
  reason: string,
  step: string,
  experiments: readonly string[],
  labels: Readonly<Record<string, string>>,
];

/** The text that is kept of an entry. */
export function toRow(entry: LedgerEntry): string {
  const { usage } = entry;
  const { cacheWrite1hTokens, serviceTier } = usage;
  const more: [number?, string?] = cacheWrite1hTokens > 0 || serviceTier !== '' ? [cacheWrite1hTokens, serviceTier] : [];
  const row: Row = [
    entry.startedAt,
    entry.tenants,
    entry.user,
    entry.key,
    entry.served,
    entry.provider,
    entry.costNanos,
    [
      usage.inputTokens,
      usage.cacheReadTokens,
      usage.cacheWriteTokens,
      usage.inputAudioTokens,
      usage.outputTokens,
      usage.reasoningTokens,
      usage.outputAudioTokens,
      ...more,
    ],
    entry.exchange === entry.id ? '' : entry.exchange,
    entry.kind,
    entry.protocol,
    entry.model,
    entry.route,
    entry.deployment,
    entry.providerModel,
    entry.attempts,
    entry.endedAt,
    entry.priceVersion,
    entry.estimated ? 1 : 0,
    entry.unpriced ? 1 : 0,
    entry.cache,
    entry.end,
    entry.status,
    entry.reason,
    entry.step,
    entry.experiments,
    entry.labels,
  ];
  return JSON.stringify(row);
}

/** The entry of such a text. Throws SyntaxError or TypeError where it is none. */
export function fromRow(id: string, text: string): LedgerEntry {
  // Only `toRow` writes these; the version of the store says in which form.
  const row = JSON.parse(text) as Row;
  const [startedAt, tenants, user, key, served, provider, costNanos, usage, exchange, kind, protocol, model, route, deployment] = row;
  const [, , , , , , , , , , , , , , providerModel, attempts, endedAt, priceVersion, estimated, unpriced, cache, end, status, reason, step] = row;
  const [inputTokens, cacheReadTokens, cacheWriteTokens, inputAudioTokens, outputTokens, reasoningTokens, outputAudioTokens] = usage;
  const [, , , , , , , cacheWrite1hTokens = 0, serviceTier = ''] = usage;
  return {
    id,
    exchange: exchange === '' ? id : exchange,
    kind,
    tenants,
    user,
    key,
    protocol,
    model,
    served,
    route,
    provider,
    deployment,
    providerModel,
    attempts,
    usage: {
      inputTokens,
      cacheReadTokens,
      cacheWriteTokens,
      cacheWrite1hTokens,
      inputAudioTokens,
      outputTokens,
      reasoningTokens,
      outputAudioTokens,
      serviceTier,
    },
    costNanos,
    priceVersion,
    estimated: estimated === 1,
    unpriced: unpriced === 1,
    cache,
    end,
    status,
    reason,
    step,
    experiments: row[25],
    labels: row[26],
    startedAt,
    endedAt,
  };
}

/** Whether a filter means an entry. */
export const doesCount = (entry: LedgerEntry, { tenant, key, user, served, provider }: EntryFilter): boolean =>
  (tenant === undefined || entry.tenants.includes(tenant)) &&
  (key === undefined || entry.key === key) &&
  (user === undefined || entry.user === user) &&
  (served === undefined || entry.served === served) &&
  (provider === undefined || entry.provider === provider);

/** Tokens of an entry that a budget of tokens counts. */
export const tokensOf = ({ usage }: LedgerEntry): number => usage.inputTokens + usage.outputTokens;
