import { setTimeout } from 'node:timers/promises';
import type { Ledger, LedgerEntry } from './ledger.ts';

/** An entry for tests. */
export function entry(fields: Partial<LedgerEntry> & Pick<LedgerEntry, 'tenant' | 'costNanos'>): LedgerEntry {
  return {
    exchange: 'exchange',
    key: 'website',
    protocol: 'openai-chat',
    model: 'fast',
    deployment: 'openai/gpt-5-mini',
    providerModel: 'gpt-5-mini',
    usage: {
      inputTokens: 10,
      cacheReadTokens: 0,
      cacheWriteTokens: 0,
      outputTokens: 5,
      reasoningTokens: 0,
      inputAudioTokens: 0,
      outputAudioTokens: 0,
    },
    estimated: false,
    unpriced: false,
    end: 'complete',
    status: 200,
    attempts: 1,
    experiments: [],
    startedAt: trafficAt,
    ...fields,
  };
}

/** When the traffic takes place. */
export const trafficAt = Date.UTC(2026, 10, 21);

/** What an exchange of the traffic costs. */
export const trafficCost = (count: number): number => (count % 7) + 1;

/** Settles exchanges until the process is killed, numbered from `first`. Says `flushed N` once all up to N must be kept, and leaves some behind each flush. */
export async function runTraffic(ledger: Ledger, first: number): Promise<never> {
  for (let count = first; ; count += 1) {
    const hold = await ledger.reserve({ tenant: 'busy', amountNanos: 10, limitNanos: 10n ** 18n });
    hold?.settle(entry({ exchange: `exchange-${count}`, tenant: 'busy', costNanos: trafficCost(count) }));
    if (count % 50 !== 0) continue;
    await ledger.flush();
    process.stdout.write(`flushed ${count}\n`);
    // Lets the ledger's own timer write as well.
    await setTimeout(1);
  }
}
