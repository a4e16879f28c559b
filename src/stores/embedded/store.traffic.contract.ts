import { setImmediate, setTimeout } from 'node:timers/promises';
import { budget, createGateway, entry, rate, move, storeAt } from '../store.fixture.ts';
import { createEmbeddedStore } from './store.ts';

/** The budget that the processes of the tests spend. */
export const trafficBudget = budget({ limit: 12_000n });

/** What an entry of the traffic costs. */
export const trafficCost = (count: number): number => (count % 7) + 1;

/**
 * Spends a budget in a loop, an entry for each lease, and says after each sync how many entries it has booked; until there is no more, or for ever.
 * This is what the processes run that tests kill or let compete: `node store.traffic.contract.ts PATH HOLDER spend|for-ever`.
 */
async function runTraffic(path: string, holder: string, isEndless: boolean): Promise<void> {
  const store = createEmbeddedStore({ path, now: () => storeAt });
  const gateway = createGateway(store, holder);
  const quota = isEndless ? { ...trafficBudget, limit: 10n ** 15n } : trafficBudget;
  // Two that compete begin together.
  while (!isEndless && (await gateway.sync()).holders < 2) await setTimeout(5);
  let held = 0;
  for (let count = 1; ; count += 1) {
    const cost = Math.min(trafficCost(count), held);
    const { states } = await gateway.sync({
      entries: [entry({ id: `${holder}-${count}`, costNanos: cost })],
      moves: [move(quota, { spent: cost, need: 50, want: 300 }), move(rate(), { need: 1, want: 1 })],
    });
    const granted = states[0]?.granted ?? 0;
    held += granted - cost;
    process.stdout.write(`${count} ${granted}\n`);
    if (held === 0 && !isEndless) break;
    await setImmediate();
  }
  await store.close();
}

const [, program, path = '', holder = '', until] = process.argv;
if (program === import.meta.filename) await runTraffic(path, holder, until === 'for-ever');
