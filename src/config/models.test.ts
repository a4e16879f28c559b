import { describe, expect, test } from 'vitest';
import { compileConfig } from './load.ts';
import { ConfigError } from './problem.ts';

const providers = { p: { kind: 'openai', apiKey: 'k' }, q: { kind: 'anthropic', apiKey: 'k' } };
const one = { targets: [{ provider: 'p', model: 'x', price: { input: 1, output: 1 } }] };

const compile = (models: object, more: object = {}) =>
  compileConfig(JSON.stringify({ providers, models, ...more }), { path: 'remora.yaml', env: {} });

/** What is wrong with a config, as `field: message`. */
function wrong(models: object, more: object = {}): string[] {
  try {
    compile(models, more);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ field, message }) => `${field}: ${message}`);
  }
}

test('a model has targets, or chooses another one', () => {
  expect(wrong({ m: {} })).toEqual(['models.m.targets: is missing; add it: deployments that answer the model']);
  expect(wrong({ m: { ...one, auto: { simple: 'n', hard: 'n' } }, n: one })).toEqual(['models.m.auto: does not go with targets; keep one of them']);
  expect(wrong({ m: { auto: { simple: 'n', hard: 'o' } }, n: one, o: one })).toEqual([]);
});

test('a mistake in how a model chooses is found once', () => {
  const classifier = { url: 'http://x/?v=1' };
  expect(wrong({ m: { auto: { simple: 'n', hard: 'n', classifier } }, n: one })).toHaveLength(1);
});

test('models that choose each other lead nowhere', () => {
  expect(wrong({ a: { auto: { simple: 'b', hard: 'c' } }, b: { auto: { simple: 'a', hard: 'c' } }, c: one })).toEqual([
    'models.b.auto.simple: leads in a loop: a → b → a; take it out',
  ]);
});

test('names that lead nowhere are found wherever they stand', () => {
  const variants = [
    { name: 'a', model: 'm' },
    { name: 'b', model: 'nope' },
  ];
  expect(wrong({ m: { ...one, fallbackFor: { 'context-length': ['nope'] } } })).toHaveLength(1);
  expect(wrong({ m: one, x: { experiment: { name: 'e', variants } } })[0]).toMatch(
    /^models.x.experiment.variants\[1\].model: there is no model "nope"/,
  );
  expect(wrong({ m: { ...one, mirror: { model: 'm', share: '1%', tenant: 'nobody' } } })[0]).toMatch(/^models.m.mirror.tenant: there is no tenant/);
});

test('a fallback has targets of its own', () => {
  expect(wrong({ m: { ...one, fallback: ['x'] }, n: one, x: { auto: { simple: 'n', hard: 'n' } } })).toEqual([
    'models.m.fallback[0]: chooses another model itself; name one that has targets',
  ]);
});

describe('what a model says', () => {
  test('waits for the first token make it commit only then', () => {
    const { models } = compile({ m: { ...one, timeouts: { firstToken: '2s', total: '1m' } } });
    expect(models.get('m')).toMatchObject({ commitAtFirstToken: true, timeouts: { firstTokenMs: 2000, totalMs: 60_000 } });
    expect(compile({ m: one }).models.get('m')?.commitAtFirstToken).toBe(false);
  });

  test('shares and sizes have units', () => {
    const { resilience } = compile({ m: one }, { resilience: { retryBudget: '5%', maxBodyMemory: '64MiB' } });
    expect(resilience).toMatchObject({ retryBudget: 0.05, maxBodyBytes: 64 * 2 ** 20 });
    expect(wrong({ m: one }, { resilience: { retryBudget: '120%', maxBodyMemory: '5' } })).toEqual([
      'resilience.retryBudget: must be a share from 0% to 100%, such as 20%',
      'resilience.maxBodyMemory: must be a size from 1MiB with its unit, such as 512MiB or 2GiB',
    ]);
  });

  test('nobody waits longer than Envoy does', () => {
    expect(wrong({ m: one }, { resilience: { queue: { wait: '2m' } } })[0]).toMatch(/^resilience.queue.wait: must be 50s at most/);
  });
});

test('a breaker is the provider’s own, else the one for all, else none', () => {
  const { endpoints } = compile(
    { m: one, n: { targets: [{ provider: 'q', model: 'claude-haiku-4-5' }] } },
    { providers: { ...providers, p: { ...providers.p, breaker: false } }, resilience: { breaker: { failures: 7 } } },
  );
  expect([endpoints.get('p')?.[0].breaker, endpoints.get('q')?.[0].breaker?.consecutiveFailures]).toEqual([undefined, 7]);
});

test('personal data is kept only where redaction looks for it', () => {
  const tenants = { t: { privacy: { redact: ['email'], keepInHouse: ['iban'], keepIn: { card: ['eu'] } } } };
  expect(wrong({ m: one }, { tenants })).toEqual([
    'tenants.t.privacy.keepInHouse[0]: is not looked for: put it into redact as well',
    'tenants.t.privacy.keepIn.card: is not looked for: put it into redact as well',
  ]);
});

test('a rule that cannot be read says where, and one that names nothing that exists says so', () => {
  const rules = [
    { name: 'a', when: 'tenant ==', use: 'm' },
    { name: 'b', when: 'request.stream', use: 'nope' },
  ];
  const found = wrong({ m: one }, { rules });
  expect(found[0]).toMatch(/^rules\[0\].when: /);
  expect(found[1]).toMatch(/^rules\[1\].use: there is no model "nope"/);
});
