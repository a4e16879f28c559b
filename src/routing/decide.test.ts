import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ClientRequest } from '../protocols/client-request.ts';
import { openaiChat } from '../protocols/openai-chat/index.ts';
import { createSeals } from '../protocols/seal.ts';
import { providerKinds } from '../providers/registry.ts';
import { decide, type RoutedRequest, type RoutedTenant, type RoutingParts } from './decide.ts';
import { deployment, endpoint, model, target } from './deployment.fixture.ts';
import { deploymentId, deploymentName, type Deployment, type Model } from './deployment.ts';
import { createHealth } from './health/health.ts';
import { compileCondition } from './rules/expression.ts';
import type { Rule } from './rules/rule.ts';

const anyone: RoutedTenant = { name: 'team', models: undefined, residency: undefined, regions: undefined, privacy: undefined };
const now = (): number => 1_700_000_000_000;
const seal = createSeals(['0123456789abcdef0123456789abcdef'], randomBytes)('team');

function partsOf(models: readonly Model[], more: Partial<RoutingParts> = {}): RoutingParts {
  const health = createHealth({ now, random: () => 0.5, by: 'test', onEvent() {} });
  return {
    models: new Map(models.map((each) => [each.name, each])),
    rules: [],
    whenAllRest: 'refuse',
    health: { ...health, mayRetry: () => true },
    costNanos: () => undefined,
    classify: undefined,
    random: () => 0,
    now,
    onRuleFailure: (_, message) => {
      throw new Error(message);
    },
    ...more,
  };
}

function ask(body: object, more: Partial<RoutedRequest> = {}): RoutedRequest {
  return {
    request: new ClientRequest(openaiChat, Buffer.from(JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hi' }], ...body }))),
    headers: new Map(),
    path: '/v1/chat/completions',
    tenant: anyone,
    key: 'k',
    dataClasses: [],
    keeper: undefined,
    guidance: {},
    seal,
    hasRoom: () => true,
    onFound() {},
    signal: new AbortController().signal,
    ...more,
  };
}

function rule(when: string, fields: Partial<Rule> = {}): Rule {
  const compiled = compileCondition(when);
  if (!compiled.ok) throw new Error(compiled.problem);
  return { name: 'r', condition: compiled.condition, use: undefined, fallback: [], without: [], set: undefined, ...fields };
}

const names = ({ chain }: { chain: readonly Deployment[] }): string[] => chain.map(deploymentName);
const at = (name: string, fields: Parameters<typeof endpoint>[1] = {}) => target(deployment(endpoint(name, fields)));

const simple = [model('m', [at('a')], { fallback: ['n'] }), model('n', [at('b')]), model('o', [at('c')])];

test('goes to the targets of the model, then to those of its fallbacks', async () => {
  expect(names(await decide(ask({}), partsOf(simple)))).toEqual(['a/gpt-5-mini', 'b/gpt-5-mini']);
});

describe('a rule', () => {
  test('that matches chooses another model, adds fallbacks before its own, and cuts', async () => {
    const rules = [rule('tenant == "nobody"', { use: 'n' }), rule('tenant == "team"', { use: 'o', fallback: ['n', 'm'], without: ['b'] })];
    const found = await decide(ask({}), partsOf(simple, { rules }));
    expect(names(found)).toEqual(['c/gpt-5-mini', 'a/gpt-5-mini']);
    expect(found.skipped).toEqual([{ deployment: 'b/gpt-5-mini', kind: 'cut', detail: 'r' }]);
  });

  test('sets parameters in the client’s own bytes', async () => {
    const found = await decide(ask({ temperature: 2 }), partsOf(simple, { rules: [rule('true', { set: { temperature: 0 } })] }));
    const sent = found.request.retargeted({ model: 'gpt-4.1-mini', quirks: {} }).value;
    expect(JSON.parse(sent.toString())).toMatchObject({ model: 'gpt-4.1-mini', temperature: 0 });
  });

  test('sees what redaction found', async () => {
    const rules = [rule('"iban" in data_classes', { use: 'o' })];
    expect(names(await decide(ask({}, { dataClasses: ['iban'] }), partsOf(simple, { rules })))).toEqual(['c/gpt-5-mini']);
    expect(names(await decide(ask({}), partsOf(simple, { rules })))[0]).toBe('a/gpt-5-mini');
  });
});

describe('an auto model', () => {
  const models = [model('m', [], { auto: { simple: 'n', hard: 'o', threshold: 0.5, classifier: undefined } }), ...simple.slice(1)];

  test('sends simple work and hard work different ways, and says why', async () => {
    const easy = await decide(ask({ messages: [{ role: 'user', content: 'Translate "good morning" to French.' }] }), partsOf(models));
    expect([names(easy), easy.choice.task?.by]).toEqual([['b/gpt-5-mini'], 'features']);
    const task = 'Prove step by step that the algorithm below is correct, analyse its complexity and refactor it:\n```ts\nfunction f() {}\n```';
    const hard = await decide(ask({ messages: [{ role: 'user', content: task }] }), partsOf(models));
    expect(names(hard)).toEqual(['c/gpt-5-mini']);
    expect(hard.choice.task?.reasons.length).toBeGreaterThan(0);
  });

  test('obeys the client’s own word', async () => {
    const headers = new Map([['x-remora-task', 'hard']]);
    expect(names(await decide(ask({}, { headers }), partsOf(models)))).toEqual(['c/gpt-5-mini']);
  });
});

test('an experiment sends a user always the same way', async () => {
  const experiment = {
    name: 'x',
    by: 'user' as const,
    variants: [
      { name: 'a', model: 'n', weight: 1 },
      { name: 'b', model: 'o', weight: 1 },
    ],
  };
  const models = [model('m', [], { experiment }), ...simple.slice(1)];
  const variants = async (user: string) => (await decide(ask({ user }), partsOf(models, { random: Math.random }))).choice.experiments;
  const users = Array.from({ length: 20 }, (_, index) => `user-${index}`);
  const seen = await Promise.all(users.map(variants));
  expect(await Promise.all(users.map(variants))).toEqual(seen);
  expect(new Set(seen.map(([first]) => first?.variant))).toEqual(new Set(['a', 'b']));
});

describe('what rules a deployment out', () => {
  test('residency, and a fallback does not change that', async () => {
    const models = [model('m', [at('us', { residency: 'us' })], { fallback: ['n'] }), model('n', [at('eu', { residency: 'eu' }), at('somewhere')])];
    const tenant = { ...anyone, residency: new Set(['eu']) };
    expect(names(await decide(ask({}, { tenant }), partsOf(models)))).toEqual(['eu/gpt-5-mini']);
    const nowhere = decide(ask({}, { tenant: { ...anyone, residency: new Set(['ch']) } }), partsOf(models));
    await expect(nowhere).rejects.toMatchObject({ code: 'not-permitted', status: 403 });
  });

  test('what it cannot do', async () => {
    const blind = target(deployment('a', 'm1', { capabilities: { images: false } }));
    const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } };
    const picture = ask({ messages: [{ role: 'user', content: [image] }] });
    expect(names(await decide(picture, partsOf([model('m', [blind, at('b')])])))).toEqual(['b/gpt-5-mini']);
    await expect(decide(picture, partsOf([model('m', [blind])]))).rejects.toMatchObject({ code: 'not-capable', status: 400 });
  });

  test('a context that is too short, where the model names one that is longer', async () => {
    const short = target(deployment('a', 'm1', { capabilities: { contextTokens: 100 } }));
    const long = model('long', [at('b')]);
    const text = ask({ messages: [{ role: 'user', content: 'one two three four five '.repeat(100) }] });
    const first = model('m', [short], { fallbackFor: new Map([['context-length', ['long']]]) });
    expect(names(await decide(text, partsOf([first, long])))).toEqual(['b/gpt-5-mini']);
    expect(names(await decide(ask({}), partsOf([first, long])))).toEqual(['a/m1']);
  });
});

describe('a deployment on probation', () => {
  function onProbation(claims: string[]): RoutingParts {
    const parts = partsOf([
      model('m', [at('a')], { fallback: ['n'], strict: true, fallbackFor: new Map([['context-length', ['n']]]) }),
      ...simple.slice(1),
    ]);
    const health: RoutingParts['health'] = {
      ...parts.health,
      standing: ({ endpoint: { name } }) => (name === 'a' ? { type: 'probe', reason: 'failing' } : { type: 'good' }),
      claimProbe: ({ endpoint: { name } }) => claims.push(name) === 1,
    };
    return { ...parts, health };
  }

  test('is claimed once, and by nobody who is refused after all', async () => {
    const claims: string[] = [];
    const parts = onProbation(claims);
    const { chain, probe } = await decide(ask({}), parts);
    expect([chain[0]?.endpoint.name, probe, claims]).toEqual(['a', chain[0], ['a']]);
    const unserved = ask({}, { keeper: 'elsewhere' });
    await expect(decide(unserved, parts)).rejects.toMatchObject({ code: 'stored-not-found' });
    expect(claims).toEqual(['a']);
  });

  test('is left to who claimed it', async () => {
    const claims = ['earlier'];
    const { chain, probe, skipped } = await decide(ask({}), onProbation(claims));
    expect([chain.map(deploymentName), probe]).toEqual([['b/gpt-5-mini'], undefined]);
    expect(skipped).toMatchObject([{ deployment: 'a/gpt-5-mini', kind: 'resting' }]);
  });
});

describe('where all rest', () => {
  function resting(whenAllRest: 'refuse' | 'try-one'): RoutingParts {
    const parts = partsOf(simple, { whenAllRest });
    const until: Record<string, number> = { a: now() + 9000, b: now() + 4000 };
    const standing: RoutingParts['health']['standing'] = ({ endpoint: { name } }) => ({
      type: 'resting',
      reason: 'failing',
      untilMs: until[name] ?? 0,
    });
    return { ...parts, health: { ...parts.health, standing } };
  }

  test('a request is refused at once, and told when to come back', async () => {
    await expect(decide(ask({}), resting('refuse'))).rejects.toMatchObject({ code: 'deployments-resting', status: 503, retryAfterSeconds: 4 });
  });

  test('or the one that rests least is tried, as the config has it', async () => {
    expect(names(await decide(ask({}), resting('try-one')))).toEqual(['b/gpt-5-mini']);
  });
});

test('what has to stay somewhere is not shown to a classifier, of which nobody has said where it is', async () => {
  const classifier = { url: new URL('http://classifier:8000'), apiKey: undefined, model: undefined, timeoutMs: 100 };
  const models = [model('m', [], { auto: { simple: 'n', hard: 'o', threshold: 0.5, classifier } }), ...simple.slice(1)];
  const tasks: string[] = [];
  const classify: RoutingParts['classify'] = async (_, { features }) => {
    tasks.push(features.task);
    return { score: 1 };
  };
  const eu = [model('n', [at('b', { residency: 'eu' })]), model('o', [at('c', { residency: 'eu' })])];
  const kept = await decide(ask({}, { tenant: { ...anyone, residency: new Set(['eu']) } }), partsOf([...models.slice(0, 1), ...eu], { classify }));
  expect([tasks, kept.choice.task?.classifierFailure]).toEqual([[], 'not-permitted']);
  const free = await decide(ask({}), partsOf(models, { classify }));
  expect([tasks, free.choice.task?.by]).toEqual([['Hi'], 'classifier']);
});

test('a strict request is given whole to what is tried after a failure of its own chain, too', async () => {
  const anthropic = providerKinds.get('anthropic');
  if (anthropic === undefined) throw new Error('there is no Anthropic');
  const other = at('c', { provider: anthropic, baseUrl: new URL('https://api.anthropic.com') });
  const models = [model('m', [at('a')], { fallbackFor: new Map([['content-filter', ['o', 'n']]]) }), simple[1], model('o', [other])];
  const parts = partsOf(models.filter((each) => each !== undefined));
  const chainOf = async (strict: string): Promise<string[]> => {
    const { chainFor } = await decide(ask({ logit_bias: { 50: 1 } }, { headers: new Map([['x-remora-strict', strict]]) }), parts);
    return names({ chain: chainFor('content-filter') });
  };
  expect(await chainOf('true')).toEqual(['b/gpt-5-mini']);
  expect(await chainOf('false')).toEqual(['c/gpt-5-mini', 'b/gpt-5-mini']);
});

test('what an account keeps is asked of that account, and of any where the id is from before there were several', async () => {
  const account = (name: string) => deployment(endpoint('pool', { credential: { name, weight: 1, authorize: () => ({}) } }));
  const parts = partsOf([model('m', [target(account('one'), 1, account('two'))])]);
  const idsFor = async (keeper: string): Promise<string[]> => (await decide(ask({}, { keeper }), parts)).chain.map(deploymentId).toSorted();
  expect(await idsFor('pool#two')).toEqual(['pool#two/gpt-5-mini']);
  expect(await idsFor('pool')).toEqual(['pool#one/gpt-5-mini', 'pool#two/gpt-5-mini']);
});

test('no rule, fallback, experiment or auto model ever reaches what residency, personal data or the tenant’s list of models forbids', async () => {
  const residencies = ['eu', 'us', undefined];
  const endpoints = residencies.flatMap((residency) =>
    [true, false].map((selfHosted) => endpoint(`${residency ?? 'none'}-${selfHosted}`, { residency, selfHosted })),
  );
  const modelNames = ['m', 'n', 'o', 'p'];
  const arbitrary = fc.record({
    targets: fc.array(fc.array(fc.nat(5), { minLength: 1, maxLength: 3 }), { minLength: 4, maxLength: 4 }),
    fallback: fc.array(fc.subarray(modelNames), { minLength: 4, maxLength: 4 }),
    kinds: fc.array(fc.constantFrom('targets', 'targets', 'auto', 'experiment'), { minLength: 3, maxLength: 3 }),
    rules: fc.array(fc.record({ use: fc.option(fc.constantFrom(...modelNames), { nil: undefined }), fallback: fc.subarray(modelNames) }), {
      maxLength: 2,
    }),
    allowed: fc.option(fc.subarray(['n', 'o', 'p']), { nil: undefined }),
    residency: fc.option(fc.subarray(['eu', 'us'], { minLength: 1 }), { nil: undefined }),
    keepInHouse: fc.boolean(),
    found: fc.boolean(),
    user: fc.string(),
    draw: fc.double({ min: 0, max: 0.999, noNaN: true }),
  });
  await fc.assert(
    fc.asyncProperty(arbitrary, async ({ targets, fallback, kinds, rules, allowed, residency, keepInHouse, found, user, draw }) => {
      const models = modelNames.map((name, index) => {
        const others = { simple: 'o', hard: 'p', threshold: 0.5, classifier: undefined };
        const variants = [
          { name: 'a', model: 'o', weight: 1 },
          { name: 'b', model: 'p', weight: 1 },
        ];
        const kind = index < 2 ? kinds[index] : 'targets';
        const own = (targets[index] ?? []).map((each) => target(deployment(endpoints[each] ?? 'none')));
        return model(name, kind === 'targets' ? own : [], {
          fallback: (fallback[index] ?? []).filter((each) => each !== name),
          ...(kind === 'auto' && { auto: others }),
          ...(kind === 'experiment' && { experiment: { name: 'x', by: 'user', variants } }),
        });
      });
      const list = allowed && new Set(['m', ...allowed]);
      const tenant: RoutedTenant = {
        ...anyone,
        models: list,
        residency: residency && new Set(residency),
        privacy: { keepInHouse: new Set(keepInHouse ? ['iban'] : []), keepIn: new Map() },
      };
      const dataClasses = found ? ['iban'] : [];
      const parts = partsOf(models, { rules: rules.map((each) => rule('true', each)), random: () => draw });
      const decision = await decide(ask({ user }, { tenant, dataClasses }), parts).catch(() => undefined);
      for (const { endpoint: tried } of decision?.chain ?? []) {
        if (residency !== undefined) expect(residency).toContain(tried.residency);
        if (keepInHouse && found) expect(tried.selfHosted).toBe(true);
        const owners = models.filter((each) => each.targets.some(({ deployments: [first] }) => first.endpoint === tried));
        expect(owners.some(({ name }) => list?.has(name) ?? true)).toBe(true);
      }
    }),
    { numRuns: 500 },
  );
});
