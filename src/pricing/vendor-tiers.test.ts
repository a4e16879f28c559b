import { describe, expect, test } from 'vitest';
import { noUsage } from '../llm/usage.ts';
import { openai } from '../providers/openai.ts';
import type { Deployment } from '../routing/deployment.ts';
import { deployment as deploymentAt, endpoint } from '../routing/deployment.fixture.ts';
import { catalogueVersion } from './catalogue.ts';
import { createPrices } from './prices.ts';

const november = Date.UTC(2026, 10, 21, 12);
const prices = createPrices({ now: () => november });

const deployment = (pricedAs: string | undefined, model: string): Deployment =>
  deploymentAt(endpoint('here', { provider: { ...openai, pricedAs } }), model, {});

describe('a tier of service', () => {
  const usage = (serviceTier: string) => ({ ...noUsage, inputTokens: 1000, cacheReadTokens: 400, outputTokens: 100, serviceTier });
  const usual = 600 * 250 + 400 * 25 + 100 * 2000;
  const at = (fields: Partial<Deployment>, serviceTier: string, vendor = 'openai', model = 'gpt-5-mini') => {
    const quote = prices.quote({ ...deployment(vendor, model), ...fields }, november);
    return [quote?.versionFor(serviceTier), quote?.costNanos(usage(serviceTier))];
  };
  const catalogue = `catalogue ${catalogueVersion}`;

  test('costs what its vendor documents for all models, and without that what the usual one does', () => {
    expect(at({}, 'flex')).toEqual([`${catalogue} flex`, usual / 2]);
    expect(at({}, 'priority')).toEqual([`${catalogue} (usual price for priority)`, usual]);
    expect(at({}, 'batch', 'anthropic', 'claude-haiku-4-5')).toEqual([`${catalogue} batch`, (600 * 1000 + 400 * 100 + 100 * 5000) / 2]);
    expect(at({}, 'flex', 'anthropic', 'claude-haiku-4-5')[0]).toBe(`${catalogue} (usual price for flex)`);
  });

  test('costs what the config says, be it a factor or a price', () => {
    const serviceTiers = { flex: { factor: 0.4 }, priority: { factor: 1.75 }, scale: { input: 1, output: 1 } };
    expect(at({ serviceTiers }, 'flex')[1]).toBe(usual * 0.4);
    expect(at({ serviceTiers }, 'priority')[1]).toBe(usual * 1.75);
    expect(at({ serviceTiers }, 'scale')).toEqual([`${catalogue} scale`, 1100 * 1000]);
    expect(at({ serviceTiers, price: { input: 2, output: 2 }, discount: 0.5 }, 'priority')).toEqual(['config -50% priority', 1100 * 1000 * 1.75]);
  });

  test('has a price only where the usual one has', () => {
    expect(prices.quote({ ...deployment(undefined, 'llama-4'), serviceTiers: { flex: { input: 1, output: 1 } } }, november)).toBeUndefined();
  });
});
