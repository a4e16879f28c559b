import { expect, test } from 'vitest';
import { budget, tenant } from '../policies/tenant.fixture.ts';
import { budgetsLeft } from './budgets-left.ts';

test('each tenant shows its own budgets, as far as they are known here', () => {
  const acme = { owner: 'tenant:acme', limits: [], budgets: [budget({})] };
  const search = { owner: 'tenant:search', limits: [], budgets: [budget({ unit: 'tokens', per: 'day', model: 'fast' }), budget({ per: 'total' })] };
  const tenants = new Map([
    ['acme', tenant('acme', { terms: [acme] })],
    ['search', tenant('search', { terms: [acme, search] })],
  ]);
  const left = new Map([
    ['nanos', 2_500_000_000],
    ['tokens', 7],
  ]);
  const standing = (quota: { unit?: string; to?: number }) =>
    quota.to === Number.MAX_SAFE_INTEGER ? undefined : { limit: 0, extra: 0, spent: 0, held: 0, left: left.get(quota.unit ?? '') ?? 0, fullInMs: 0 };
  const now = Date.UTC(2026, 10, 21);
  expect([...budgetsLeft({ tenants }, { standing } as Parameters<typeof budgetsLeft>[1], now)]).toEqual([
    { tenant: 'acme', unit: 'dollars', per: 'month', model: undefined, provider: undefined, left: 2.5 },
    { tenant: 'search', unit: 'tokens', per: 'day', model: 'fast', provider: undefined, left: 7 },
  ]);
});
