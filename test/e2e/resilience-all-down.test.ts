import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Behaviour } from '../../src/demo/behaviour.ts';
import { startGateway, type ConfigData, type RunningGateway } from './gateway.ts';
import { openaiSdk, rejection, sdks } from './sdks.ts';
import { answeredBy, ask, healthOf, places, post, setTrio, trioConfig, untilStanding, type Parts, type Trio } from './trio.ts';

/** How long each provider is waited for: three times that is what nobody should wait once it is known. */
const headers = '1s';
const inAllMs = 3000;

/** Chains of three, one for each test: at providers of their own, since health is kept by their names. */
const chains = { hanging: '20s', failing: '20s', back: '1200ms', patient: '1200ms', least: '20s' } as const;
type Chain = keyof typeof chains;

const configure =
  (whenAllRest: 'refuse' | 'try-one') =>
  ({ provider, target }: Parts): ConfigData => {
    const at = (chain: string, place: string): string => `${chain}-${place}`;
    const all = Object.keys(chains).flatMap((chain) => places.map((place) => ({ chain: chain as Chain, place })));
    return {
      providers: Object.fromEntries(
        all.map(({ chain, place }) => [at(chain, place), provider(place, { breaker: { failures: 2, rest: chains[chain] } })]),
      ),
      models: Object.fromEntries(
        all.map(({ chain, place }) => [
          place === 'one' ? chain : at(chain, place),
          {
            targets: [target(place, { provider: at(chain, place) })],
            ...(place === 'one' && { fallback: [at(chain, 'two'), at(chain, 'three')] }),
            timeouts: { headers },
          },
        ]),
      ),
      resilience: { breaker: false, whenAllRest },
    };
  };

const kinds = { one: 'openai', two: 'anthropic', three: 'openai' } as const;
const trio = setTrio(configure('refuse'), kinds);
const unavailable: Behaviour = { refuse: { status: 503 } };

/** Makes every provider of a chain rest. */
async function tire({ gateway }: Pick<Trio, 'gateway'>, chain: Chain, behaviour: Behaviour): Promise<void> {
  trio.fail(3, behaviour);
  const failed = await Promise.all([post(gateway, chain), post(gateway, chain)]);
  for (const { status } of failed) expect(status).toBeGreaterThanOrEqual(500);
  for (const place of places) await untilStanding(gateway, `${chain}-${place}`, 'resting');
}

describe('where every provider rests', () => {
  const ways: { chain: Chain; behaviour: Behaviour }[] = [
    { chain: 'hanging', behaviour: { break: { how: 'stall', after: 'nothing' } } },
    { chain: 'failing', behaviour: unavailable },
  ];
  test.each(ways)('$chain: clients are told so at once, in their own protocol, and when to come back', async ({ chain, behaviour }) => {
    await tire(trio, chain, behaviour);
    const asked = trio.asked();
    const began = performance.now();
    for (const sdk of sdks) {
      for (const stream of [false, true]) {
        const thrown = await rejection(ask(trio.gateway, chain, { stream }, { sdk }));
        expect(thrown).toBeInstanceOf(sdk.errors.InternalServerError);
        const told = thrown['headers'] as Headers;
        expect([thrown['status'], told.get('x-remora-error'), told.has('x-should-retry')]).toEqual([503, 'deployments-resting', false]);
        expect(Number(told.get('retry-after'))).toBeGreaterThan(5);
        expect(thrown.message).toContain('failing');
      }
    }
    expect(performance.now() - began).toBeLessThan(inAllMs); // four answers in less than one would have taken
    expect(trio.asked()).toEqual(asked);
  });

  test('the first request after a rest finds who is back', async () => {
    await tire(trio, 'back', unavailable);
    trio.fail(0, undefined);
    trio.at.one.behaveAlways(unavailable);
    trio.at.two.behaveAlways(unavailable);
    for (const place of places) await untilStanding(trio.gateway, `back-${place}`, 'probe');
    const answer = await ask(trio.gateway, 'back');
    expect(answer.headers.get('x-remora-deployment')).toMatch(/^back-three\//);
    await untilStanding(trio.gateway, 'back-three', 'good');
    expect((await healthOf(trio.gateway, 'back-one'))?.standing.type).toBe('resting');
    expect(answeredBy(await ask(trio.gateway, 'back'))).toEqual(['back-three', 1]);
  });

  test('an SDK that heeds `retry-after` brings its request home by itself', async () => {
    await tire(trio, 'patient', unavailable);
    trio.fail(0, undefined);
    const statuses: number[] = [];
    const answer = await openaiSdk.ask(
      trio.gateway,
      { model: 'patient', turns: [{ user: 'Hello' }] },
      { maxRetries: 3, onResponse: ({ status }) => statuses.push(status) },
    );
    expect(answer.text).toContain('You said: "Hello"');
    expect(statuses).toEqual([503, 200]);
  });
});

describe('where the config has one tried all the same', () => {
  let other: RunningGateway | undefined;
  beforeAll(async () => {
    other = await startGateway(trioConfig(trio.at, kinds, configure('try-one')));
  });
  afterAll(() => other?.stop());

  test('one is asked, which ends its rest if it answers', async () => {
    if (other === undefined) throw new Error('it has not been started');
    await tire({ gateway: other }, 'least', unavailable);
    trio.fail(3, unavailable);
    expect((await post(other, 'least')).status).toBeGreaterThanOrEqual(500);
    expect(trio.asked().reduce((sum, each) => sum + each)).toBe(1);
    trio.fail(0, undefined);
    const { status, headers: told } = await post(other, 'least');
    expect([status, told.get('x-remora-attempts')]).toEqual([200, '1']);
    const place = places.find((each) => trio.at[each].requests.length > 0);
    await untilStanding(other, `least-${place}`, 'good');
  });
});
