import { Gauge, type Registry } from 'prom-client';

/** What is left of a budget of a tenant. */
export interface BudgetLeft {
  tenant: string;
  unit: 'dollars' | 'tokens';
  /** The period, such as `month`. */
  per: string;
  /** Of a model or a provider alone; undefined for all. */
  model: string | undefined;
  provider: string | undefined;
  left: number;
}

/** Hangs the gauge of what is left of tenants' budgets, as far as this process knows when it is asked. Labels come from the config alone. */
export function hangBudgetGauge(registry: Registry, budgets: () => Iterable<BudgetLeft>): void {
  const gauge: Gauge = new Gauge({
    name: 'remora_budget_left',
    help: 'What tenants can still spend in the period, in dollars or tokens.',
    labelNames: ['tenant', 'unit', 'per', 'model', 'provider'],
    aggregator: 'min', // processes of a host know the same budgets, each as of its last look
    registers: [registry],
    collect() {
      gauge.reset();
      for (const { tenant, unit, per, model = '', provider = '', left } of budgets()) gauge.set({ tenant, unit, per, model, provider }, left);
    },
  });
}
