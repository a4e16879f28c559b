import type { EntryFilter } from '../quota.ts';
import { deadAfterMs, type BudgetStanding, type BudgetStore } from '../store.ts';
import type { RedisConnection } from './connection.ts';
import { listBudgetsScript, recountScript, releaseDeadScript, topUpScript } from './lua/budgets.ts';
import { toScript, valuesOf, type Script } from './script.ts';
import { toBegin } from './sync-request.ts';

const [listBudgets, topUp, recount, releaseDead] = [listBudgetsScript, topUpScript, recountScript, releaseDeadScript].map(toScript) as [
  Script,
  Script,
  Script,
  Script,
];

/** Budgets in a Redis, as admins see them. `timeOf` makes of a caller's time (milliseconds since 1970) the one that tells the dead; empty for the clock of Redis. */
export function createBudgetStore(connection: RedisConnection, timeOf: (ms?: number) => string): BudgetStore {
  return {
    async list(now) {
      const reply = await connection.run(listBudgets, [now, timeOf(now), deadAfterMs], true);
      const values = valuesOf(reply).map(String);
      return Array.from({ length: values.length / valuesPerBudget }, (_, index) =>
        toStanding(values.slice(index * valuesPerBudget, (index + 1) * valuesPerBudget)),
      );
    },
    topUp: async (id, amount) => (await connection.run(topUp, [id, String(amount)], false)) === 1,
    async recount(quota) {
      await connection.run(recount, [quota.id, toBegin(quota)], true);
    },
    releaseDead: async (id) => (await connection.run(releaseDead, [id, timeOf(), deadAfterMs], true)) === 1,
  };
}

const valuesPerBudget = 11;

function toStanding(values: readonly string[]): BudgetStanding {
  const [id = '', unit, limit = '', counts = '', from, to, spent = '', leased = '', dead = '', extra = '', left = ''] = values;
  const filter = JSON.parse(counts) as EntryFilter;
  return {
    id,
    unit: unit === 'tokens' ? 'tokens' : 'nanos',
    limit: BigInt(limit),
    counts: filter,
    from: Number(from),
    to: Number(to),
    spent: BigInt(spent),
    leased: BigInt(leased),
    dead: BigInt(dead),
    extra: BigInt(extra),
    left: BigInt(left),
  };
}
