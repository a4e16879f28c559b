import { noUsage } from '../llm/usage.ts';
import type { LedgerEntry } from '../stores/entry.ts';

/** An entry for tests: a request of the tenant `search` within `acme`, but for what is given. */
export const entry = (fields: Partial<LedgerEntry> = {}): LedgerEntry => ({
  id: 'e1',
  exchange: 'e1',
  kind: 'exchange',
  tenants: ['acme', 'search'],
  user: '',
  key: 'website',
  protocol: 'openai-chat',
  model: 'fast',
  served: 'fast',
  route: '',
  provider: 'openai',
  deployment: 'openai/gpt-5-mini',
  providerModel: 'gpt-5-mini',
  attempts: 1,
  usage: { ...noUsage, inputTokens: 10, outputTokens: 5 },
  costNanos: 1000,
  priceVersion: 'catalogue 1',
  estimated: false,
  unpriced: false,
  cache: 'none',
  end: 'complete',
  status: 200,
  reason: '',
  step: '',
  experiments: [],
  labels: {},
  startedAt: Date.UTC(2026, 10, 21, 12),
  endedAt: Date.UTC(2026, 10, 21, 12, 0, 1),
  ...fields,
});

/** Entries in pages of two, as a ledger gives them. */
export async function* inPages(entries: readonly LedgerEntry[]): AsyncGenerator<readonly LedgerEntry[]> {
  for (let index = 0; index < entries.length; index += 2) yield entries.slice(index, index + 2);
}
