import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { createAdmission } from '../admission/admission.ts';
import { FakeClock } from '../admission/clock.fixture.ts';
import { createGates } from '../admission/gates.ts';
import { emptySnapshot } from '../config/snapshot.fixture.ts';
import { noUsage } from '../llm/usage.ts';
import { identity, tenant } from '../policies/tenant.fixture.ts';
import { ClientRequest } from '../protocols/client-request.ts';
import { openaiChat } from '../protocols/openai-chat/index.ts';
import { createSeals } from '../protocols/seal.ts';
import { deployment, endpoint, model, target } from '../routing/deployment.fixture.ts';
import type { Decision } from '../routing/decide.ts';
import type { Deployment } from '../routing/deployment.ts';
import { createHealth } from '../routing/health/health.ts';
import { untraced } from '../telemetry/spans.ts';
import { Admittance } from './admit.ts';
import { createAttemptLog } from './attempt-log.ts';
import { Attempts } from './attempts.ts';
import { findWay, type WayDeps } from './find-way.ts';
import type { ExchangeState } from './state.ts';

const breaker = {
  consecutiveFailures: 1,
  failureRate: 1,
  minRequests: 100,
  slowRate: 1,
  slowMs: undefined,
  windowMs: 10_000,
  openMs: 30_000,
  longestOpenMs: 60_000,
};
const failed = { cluster: '', status: 503, failure: undefined, details: '', durationMs: 1, firstByteMs: 1, headers: new Map<string, string>() };
const resilience = {
  whenAllRest: 'refuse' as const,
  retryBudget: 0.2,
  maxConcurrent: undefined,
  queue: { max: 10, waitMs: 1000 },
  maxBodyBytes: 1 << 20,
  share: undefined,
};

/** One exchange that looks for its way to a model at the providers `a` and `b`, of which policies let some not be called. */
function stage(limited: readonly string[] = []) {
  const [a, b] = [deployment(endpoint('a', { breaker })), deployment(endpoint('b', { breaker, maxConcurrent: 1 }))];
  const clock = new FakeClock();
  const { now } = clock;
  const health = createHealth({ now, random: () => 0.5, by: 'test', onEvent() {} });
  const gates = createGates({ limits: new Map([['b', 1]]), queue: resilience.queue }, clock, 'All are busy.');
  const admission = createAdmission({ maxConcurrent: undefined, queue: resilience.queue }, clock);
  const admittance = new Admittance({ admission, gates, entrant: { tenant: 't', priority: 'normal' }, waitMs: 1000, now });
  const attemptLog = createAttemptLog({ now, onStray() {} });
  const attempts = new Attempts({
    requestId: 'r',
    health,
    admittance,
    attemptLog,
    trace: untraced,
    count() {},
    isComplete: () => false,
    onFailed() {},
    now,
  });
  const snapshot = emptySnapshot({
    models: new Map([['m', model('m', [target(a), target(b)], { strategy: 'priority' })]]),
    resilience,
  });
  const deps: WayDeps = {
    health,
    gates,
    classify: undefined,
    costNanos: () => undefined,
    counters: { skipped() {}, chosen() {} },
    random: () => 0.5,
    now,
    onFailure() {},
  };
  const state: ExchangeState = {
    id: 'x',
    requestId: 'r',
    session: 'sidecar-0_0',
    opening: { type: 'request-headers', headers: new Map(), endOfStream: false, attributes: new Map(), metadata: new Map() },
    createdAt: 0,
    protocol: openaiChat,
    trace: untraced,
    outcome: {
      end: 'left',
      status: 0,
      deployment: undefined,
      served: '',
      route: '',
      reason: '',
      experiments: [],
      attempts: 0,
      warnings: 0,
      usage: noUsage,
      requestBytes: 0,
      deliveredBytes: 0,
    },
    error: undefined,
    policyHeaders: () => [],
    onError() {},
  };
  const seal = createSeals(['0123456789abcdef0123456789abcdef'], randomBytes)('t');
  const parts = {
    snapshot,
    identity: identity(tenant('t')),
    pipeline: { mayCall: ({ endpoint: { name } }: Deployment) => !limited.includes(name) },
    seal,
    admittance,
    attempts,
    signal: new AbortController().signal,
  };
  const request = new ClientRequest(openaiChat, Buffer.from(JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hi' }] })));
  async function find(): Promise<Decision> {
    const way = await findWay({ request, dataClasses: [], keeper: undefined, storedIds: new Map(), guidance: {} }, deps, parts, state);
    if (way.type !== 'way') throw new Error('it is answered');
    for await (const _ of way.waiting ?? []);
    return way.take();
  }
  return { a, b, now, health, gates, find };
}

test('while one provider rests, a place at the busy one is waited for', async () => {
  const { a, b, now, health, gates, find } = stage();
  health.heard(a, { ...failed, startedAt: now() }, { isStream: false });
  const held = gates.take('b');
  const found = find();
  await new Promise((resolve) => setImmediate(resolve));
  held.release();
  expect((await found).chain).toEqual([b]);
});

test('a provider at its limit is left out', async () => {
  const { b, find } = stage(['a']);
  expect((await find()).chain).toEqual([b]);
});

test('where nothing but limits is in the way they refuse the request themselves', async () => {
  const { a, b, find } = stage(['a', 'b']);
  expect((await find()).chain).toEqual([a, b]);
});

test('a place is waited for only where no limit is in the way', async () => {
  const { b, gates, find } = stage(['a']);
  const held = gates.take('b');
  const found = find();
  await new Promise((resolve) => setImmediate(resolve));
  held.release();
  expect((await found).chain).toEqual([b]);
});
