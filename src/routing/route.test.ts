import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import type { Bar } from './candidate.ts';
import { maxChainLength } from './chain.ts';
import { deployment, endpoint, model, target } from './deployment.fixture.ts';
import { deploymentId, type Deployment, type Model } from './deployment.ts';
import type { Standing } from './health/standing.ts';
import { claimFirst, route, type Route, type RouteOptions } from './route.ts';

/** Standings by deployment id; good where none is given. */
type Standings = Readonly<Record<string, Standing>>;

const good: Standing = { type: 'good' };
const rests = (untilMs: number): Standing => ({ type: 'resting', reason: 'failing', untilMs });
const probe: Standing = { type: 'probe', reason: 'failing' };

function routed(
  first: Model,
  fallback: Model[] = [],
  more: Partial<RouteOptions> & { standings?: Standings; probes?: boolean } = {},
): Route & { probe: Deployment | undefined } {
  const { standings = {}, probes = true, ...options } = more;
  const health = { standing: (each: Deployment) => standings[deploymentId(each)] ?? good, claimProbe: () => probes, mayRetry: () => true };
  const found = route({
    model: first,
    fallback,
    bar: () => undefined,
    mayUse: () => true,
    view: {
      random: () => 0,
      expectedOutputTokens: 100,
      latencyOf: () => ({ firstTokenMs: undefined, tokensPerSecond: undefined, ageMs: undefined }),
      headroomOf: () => undefined,
      inFlight: () => 0,
      costNanos: () => undefined,
    },
    health,
    hasRoom: () => true,
    stickyKey: undefined,
    ...options,
  });
  return { ...found, probe: claimFirst(found.chain, health, found.skipped) };
}

const ids = ({ chain }: Pick<Route, 'chain'>): string[] => chain.map(deploymentId);
const [a, b, c] = ['a', 'b', 'c'].map((name) => deployment(name)) as [Deployment, Deployment, Deployment];
const pool = ['one', 'two', 'three', 'four'].map((name) => deployment(endpoint('p', { credential: { name, weight: 1, authorize: () => ({}) } })));
const [one, two, three, four] = pool as [Deployment, Deployment, Deployment, Deployment];

test('tries the targets of a model before its fallback models, and those in their order', () => {
  expect(ids(routed(model('m', [target(a)]), [model('n', [target(b)]), model('o', [target(c)])]))).toEqual([
    'a/gpt-5-mini',
    'b/gpt-5-mini',
    'c/gpt-5-mini',
  ]);
});

test('never tries a target of weight 0, and none twice', () => {
  expect(ids(routed(model('m', [target(a), target(b, 0)]), [model('n', [target(a), target(c)])]))).toEqual(['a/gpt-5-mini', 'c/gpt-5-mini']);
});

test('keeps a chain to what Envoy is set up for', () => {
  const targets = Array.from({ length: 20 }, (_, index) => target(deployment(`p${index}`)));
  expect(routed(model('many', targets)).chain).toHaveLength(maxChainLength);
});

describe('an account pool', () => {
  test('gives a request three accounts at most, before the next target', () => {
    const found = ids(routed(model('m', [target(one, 1, two, three, four), target(b)], { strategy: 'priority' })));
    expect(found).toHaveLength(4);
    expect(new Set(found.slice(0, 3)).size).toBe(3);
    expect(found[3]).toBe('b/gpt-5-mini');
  });

  test('leaves room for every target of a long chain', () => {
    const others = Array.from({ length: 7 }, (_, index) => target(deployment(`p${index}`)));
    const found = ids(routed(model('m', [target(one, 1, two, three), ...others], { strategy: 'priority' })));
    expect(found).toHaveLength(maxChainLength);
    expect(found.filter((id) => id.startsWith('p#'))).toHaveLength(1);
  });

  test('goes on without the account that rests', () => {
    const found = routed(model('m', [target(one, 1, two)]), [], { standings: { [deploymentId(one)]: rests(5000) } });
    expect(ids(found)).toEqual(['p#two/gpt-5-mini']);
    expect(found.skipped).toEqual([{ deployment: 'p#one/gpt-5-mini', kind: 'resting', detail: 'failing', untilMs: 5000 }]);
  });
});

test('a retry names the deployment twice, before its next account, as long as the retry budget has room', () => {
  const retried = model('m', [target(one, 1, two)], { retries: 1 });
  const [first, second, third] = ids(routed(retried));
  expect([first === second, second === third]).toEqual([true, false]);
  const health = { standing: () => good, claimProbe: () => true, mayRetry: () => false };
  expect(ids(routed(retried, [], { health }))).toHaveLength(2);
});

test('what rests or is busy is left out, and said', () => {
  const found = routed(model('m', [target(a), target(b), target(c)]), [], {
    standings: { [deploymentId(a)]: rests(7000) },
    hasRoom: (each) => each !== b,
  });
  expect(ids(found)).toEqual([deploymentId(c)]);
  expect(found.skipped.map(({ kind }) => kind)).toEqual(['resting', 'busy']);
  expect(found.waiting).toEqual([a, b]);
});

describe('a deployment on probation', () => {
  const standings = { [deploymentId(a)]: probe };

  test('is tried first where it is its turn, with the others behind it', () => {
    const found = routed(model('m', [target(a), target(b)], { strategy: 'priority' }), [], { standings });
    expect(ids(found)).toEqual([deploymentId(a), deploymentId(b)]);
    expect(found.probe).toBe(a);
  });

  test('is left out while another request tries it', () => {
    const found = routed(model('m', [target(a), target(b)], { strategy: 'priority' }), [], { standings, probes: false });
    expect(ids(found)).toEqual([deploymentId(b)]);
    expect(found.probe).toBeUndefined();
    expect(found.skipped).toMatchObject([{ deployment: deploymentId(a), kind: 'resting' }]);
  });

  test('comes last among fallbacks', () => {
    const found = routed(model('m', [target(b)]), [model('n', [target(a)]), model('o', [target(c)])], { standings });
    expect(ids(found)).toEqual([b, c, a].map(deploymentId));
    expect(found.probe).toBeUndefined();
  });
});

test('sticks to one target and one account while they can be tried, whatever the draw', () => {
  const sticky = model('m', [target(one, 1, two, three), target(a), target(b)]);
  const first = (random: number, standings: Standings = {}): string | undefined => {
    const found = routed(sticky, [], { stickyKey: 12345, standings, view: { ...routedView, random: () => random } });
    return ids(found)[0];
  };
  const own = first(0);
  expect([first(0.3), first(0.6), first(0.99)]).toEqual([own, own, own]);
  const other = first(0.5, { [own ?? '']: rests(1) });
  expect(other).not.toBe(own);
  expect([first(0), first(0.9, { [own ?? '']: rests(1) })]).toEqual([own, other]);
});

const routedView: RouteOptions['view'] = {
  random: () => 0,
  expectedOutputTokens: 100,
  latencyOf: () => ({ firstTokenMs: undefined, tokensPerSecond: undefined, ageMs: undefined }),
  headroomOf: () => undefined,
  inFlight: () => 0,
  costNanos: () => undefined,
};

test('whatever the strategy, the weights and the health: nothing barred and no model off the list is ever in a chain', () => {
  const deployments = Array.from({ length: 8 }, (_, index) => deployment(`p${index}`));
  const anyModel = fc.record({
    strategy: fc.constantFrom('weighted', 'cheapest', 'fastest', 'least-busy', 'priority' as const),
    targets: fc.array(fc.record({ at: fc.nat(7), weight: fc.nat(3) }), { minLength: 1, maxLength: 5 }),
    retries: fc.nat(2),
    mayUse: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.array(anyModel, { minLength: 1, maxLength: 4 }),
      fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
      fc.array(fc.constantFrom(good, probe, rests(9)), { minLength: 8, maxLength: 8 }),
      fc.option(fc.nat(), { nil: undefined }),
      fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 5, maxLength: 5 }),
      (models, barred, standings, stickyKey, draws) => {
        let draw = 0;
        const made = models.map(({ strategy, targets, retries }, index) =>
          model(
            `m${index}`,
            targets.map(({ at, weight }) => target(deployments[at] as Deployment, weight)),
            { strategy, retries },
          ),
        );
        const isBarred = (each: Deployment): boolean => barred[deployments.indexOf(each)] === true;
        const mayUse = ({ name }: Model): boolean => models[Number(name.slice(1))]?.mayUse === true;
        const bar: Bar = (each) => (isBarred(each) ? { kind: 'residency', detail: 'no' } : undefined);
        const { chain } = routed(made[0] as Model, made.slice(1), {
          bar,
          mayUse,
          stickyKey,
          standings: Object.fromEntries(deployments.map((each, index) => [deploymentId(each), standings[index] ?? good])),
          view: { ...routedView, random: () => draws[draw++ % draws.length] ?? 0 },
        });
        const reachable = new Set(made.filter(mayUse).flatMap(({ targets }) => targets.flatMap(({ deployments: all }) => all)));
        expect(chain.length).toBeLessThanOrEqual(maxChainLength);
        for (const each of chain) expect([isBarred(each), reachable.has(each)]).toEqual([false, true]);
      },
    ),
  );
});
