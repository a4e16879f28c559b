import { describe, expect, test } from 'vitest';
import { passed, playExchange, refusal, requestBody, requestHeaders, setStage } from './play.ts';
import { createSnapshots } from '../../src/extproc/snapshots.ts';

/** OpenAI takes a seed, Anthropic does not. */
const seeded = { messages: [{ role: 'user', content: 'Hi' }], seed: 7 };

const strictly = (opening: ReturnType<typeof requestHeaders>) => ({
  ...opening,
  headers: new Map([...opening.headers, ['x-remora-strict', 'true']]),
});

describe('a request that asks to be taken whole', () => {
  test('is refused where the only deployment would lack some of it, with the field named', async () => {
    const [, reply] = await playExchange(setStage(), strictly(requestHeaders('open')), requestBody({ ...seeded, model: 'smart' }));
    const { status, body, headers } = refusal(reply);
    expect([status, headers.get('x-remora-error'), body.error?.['param']]).toEqual([400, 'not-carried', 'seed']);
    expect(body.error?.['message']).toContain('anthropic/claude-haiku-4-5 would lack: seed (');
  });

  test('goes only to those deployments of the chain that can be given all of it', async () => {
    const [, reply] = await playExchange(setStage(), strictly(requestHeaders('open')), requestBody({ ...seeded, model: 'fast' }));
    const { set } = passed(reply);
    expect([set.get('authorization'), set.get('x-envoy-max-retries')]).toEqual(['Bearer key-of-openai', '0']);
  });

  test('goes to all of them where nothing would be left out', async () => {
    const ask = { model: 'fast', messages: seeded.messages };
    const [, reply] = await playExchange(setStage(), strictly(requestHeaders('open')), requestBody(ask));
    expect(passed(reply).set.get('x-envoy-max-retries')).toBe('1');
  });
});

test('a model that is strict refuses for every client', async () => {
  const stage = setStage();
  const models = new Map([...stage.snapshot.models].map(([name, model]) => [name, { ...model, strict: true }]));
  stage.deps.snapshots = createSnapshots({ ...stage.snapshot, models }, () => 0);
  const [, reply] = await playExchange(stage, requestHeaders('open'), requestBody({ ...seeded, model: 'smart' }));
  expect(refusal(reply).headers.get('x-remora-error')).toBe('not-carried');
});

test('else the same request is sent without what cannot be carried', async () => {
  const [, reply] = await playExchange(setStage(), requestHeaders('open'), requestBody({ ...seeded, model: 'smart' }));
  expect(passed(reply).text).not.toContain('seed');
});
