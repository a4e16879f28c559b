import { expect, test } from 'vitest';
import { hangBudgetGauge, type BudgetLeft } from './budget-gauge.ts';
import { createMetrics } from './metrics.ts';

test('what is left of budgets is read when it is asked, and what is gone is gone', async () => {
  const { registry, render } = createMetrics({ now: () => 0 });
  let budgets: BudgetLeft[] = [
    { tenant: 'marketing', unit: 'dollars', per: 'month', model: undefined, provider: undefined, left: 12.5 },
    { tenant: 'marketing', unit: 'tokens', per: 'day', model: 'fast', provider: 'openai', left: 3 },
  ];
  hangBudgetGauge(registry, () => budgets);
  const { text } = await render();
  expect(text).toContain('remora_budget_left{tenant="marketing",unit="dollars",per="month",model="",provider=""} 12.5');
  expect(text).toContain('remora_budget_left{tenant="marketing",unit="tokens",per="day",model="fast",provider="openai"} 3');
  budgets = [];
  expect((await render()).text).not.toContain('remora_budget_left{');
});

test('costs add up in dollars, and owners of limits are those that the config names', async () => {
  const { cost, limited, render } = createMetrics({ now: () => 0 });
  cost('marketing', 'openai/gpt-5-mini', 1_500_000_000);
  cost('marketing', 'openai/gpt-5-mini', 250_000_000);
  for (const owner of ['tenant:marketing', 'key:key_1', 'key:key_2', 'user:marketing/ada', 'user:marketing/bob']) limited(owner, 'requests');
  const { text } = await render();
  expect(text).toContain('remora_cost_dollars_total{tenant="marketing",deployment="openai/gpt-5-mini"} 1.75');
  expect(text.match(/^remora_limited_total\{.*$/gm)).toEqual([
    'remora_limited_total{owner="tenant:marketing",of="requests"} 1',
    'remora_limited_total{owner="key",of="requests"} 2',
    'remora_limited_total{owner="user:marketing",of="requests"} 2',
  ]);
});
