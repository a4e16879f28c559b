import { createHash, randomBytes } from 'node:crypto';
import { createAdmission } from '../../src/admission/admission.ts';
import { createBodyMemory } from '../../src/admission/body-memory.ts';
import { createGates } from '../../src/admission/gates.ts';
import { emptySnapshot } from '../../src/config/snapshot.fixture.ts';
import type { Snapshot } from '../../src/config/snapshot.ts';
import { createIdentities } from '../../src/identity/identities.ts';
import type { VirtualKey } from '../../src/identity/virtual-key.ts';
import { createAttemptLog } from '../../src/extproc/attempt-log.ts';
import { createSnapshots } from '../../src/extproc/snapshots.ts';
import { createHealth } from '../../src/routing/health/health.ts';
import { upstreamConversation } from '../../src/extproc/upstream.ts';
import { exchange, type ExchangeDeps } from '../../src/extproc/exchange.ts';
import type { Attributes, Conversation, Immediate, Message, Proceed, Reply, RequestHeaders } from '../../src/extproc/message.ts';
import type { Outcome, Policy } from '../../src/policies/policy.ts';
import { redact } from '../../src/policies/redact/index.ts';
import { tenant } from '../../src/policies/tenant.fixture.ts';
import { personalDataTypes, type Tenant } from '../../src/policies/tenant.ts';
import { anthropicMessages } from '../../src/protocols/anthropic-messages/index.ts';
import { openaiChat } from '../../src/protocols/openai-chat/index.ts';
import { createSeals } from '../../src/protocols/seal.ts';
import { anthropic } from '../../src/providers/anthropic.ts';
import { openai } from '../../src/providers/openai.ts';
import type { Provider } from '../../src/providers/provider.ts';
import { clusterOf, type Endpoint } from '../../src/routing/deployment.ts';
import { deployment, endpoint, model, target } from '../../src/routing/deployment.fixture.ts';
import { untraced } from '../../src/telemetry/spans.ts';

/** A gateway without Envoy: conversations are played message by message. */
export interface Stage {
  deps: ExchangeDeps;
  /** How exchanges ended, as a policy sees it. */
  outcomes: Outcome[];
  failures: unknown[];
  snapshot: Snapshot;
}

const at = (name: string, provider: Provider): Endpoint =>
  endpoint(name, {
    provider,
    baseUrl: new URL(provider.defaultBaseUrl({}) ?? 'http://localhost'),
    credential: { name: 'default', weight: 1, authorize: provider.connect({ apiKey: `key-of-${name}` }, {}) },
  });
const toOpenAI = deployment(at('openai', openai));
const toAnthropic = deployment(at('anthropic', anthropic), 'claude-haiku-4-5');

const models = new Map(
  [model('fast', [target(toOpenAI)], { fallback: ['smart'] }), model('smart', [target(toAnthropic)]), model('gpt', [target(toOpenAI)])].map(
    (each) => [each.name, each],
  ),
);

const privacy = { redact: new Set(personalDataTypes), keepInHouse: new Set<never>(), keepIn: new Map(), restore: true };

const tenants: Record<string, Tenant> = {
  open: tenant('open'),
  private: tenant('private', { privacy }),
  free: tenant('free', { passThrough: true }),
  guarded: tenant('guarded', { privacy, passThrough: true }),
  narrow: tenant('narrow', { models: new Set(['smart']) }),
};

/** Sets up a gateway whose keys are the names of its tenants: `open`, `private` (redacts), `narrow` (may use `smart` only), `free` (may pass through), `guarded` (would, but redacts). */
export function setStage(...policies: Policy[]): Stage {
  const outcomes: Outcome[] = [];
  const failures: unknown[] = [];
  const witness: Policy = { name: 'witness', open: () => ({ onSettled: (outcome) => outcomes.push({ ...outcome }) }) };
  let ids = 0;
  const now = (): number => 1_700_000_000_000;
  const snapshot = emptySnapshot({
    endpoints: new Map([toOpenAI, toAnthropic].map((each) => [each.endpoint.name, [each.endpoint] as const])),
    models,
    tenants: new Map(Object.entries(tenants)),
    keys: Object.values(tenants).map(({ name }) => virtualKey(name)),
    passThrough: { deployment: deployment(toOpenAI.endpoint, 'pass-through'), costNanos: new Map() },
  });
  const identities = createIdentities({ now, fetch, onEvent() {} });
  identities.use(snapshot);
  return {
    outcomes,
    failures,
    snapshot,
    deps: {
      ...surroundings(now),
      identities,
      snapshots: createSnapshots(snapshot, now),
      protocols: [openaiChat, anthropicMessages],
      policies: [redact, ...policies, witness],
      session: 'sidecar-0_0',
      newId: () => `exchange-${++ids}`,
      onError: (error) => {
        if (error.code === 'internal') failures.push(error);
      },
      onFailure: (what, error) => failures.push([what, error]),
    },
  };
}

/** A key of a tenant that is the tenant's name. */
const virtualKey = (name: string): VirtualKey => ({
  id: `${name}/k`,
  name: 'k',
  tenant: name,
  user: undefined,
  hash: createHash('sha256').update(name).digest('hex'),
  previous: undefined,
  createdAt: 0,
  expiresAt: undefined,
  disabledAt: undefined,
  removedAt: undefined,
  models: undefined,
  networks: undefined,
  limits: [],
  budgets: [],
});

/** What exchanges need around them, with nothing in it. */
export function surroundings(
  now: () => number,
): Omit<ExchangeDeps, 'identities' | 'snapshots' | 'protocols' | 'policies' | 'session' | 'newId' | 'onError' | 'onFailure'> {
  return {
    registry: new Map(),
    sealFor: createSeals(['0123456789abcdef0123456789abcdef'], randomBytes),
    openTrace: () => untraced,
    health: createHealth({ now, random: () => 0, by: 'test', onEvent() {} }),
    admission: createAdmission({ maxConcurrent: undefined, queue: undefined }, { now }),
    gates: createGates({ limits: new Map(), queue: undefined }, { now }, 'full'),
    bodyMemory: createBodyMemory(2 ** 30),
    attemptLog: createAttemptLog({ now, onStray() {} }),
    mirror: { copy() {} },
    classify: undefined,
    costNanos: () => undefined,
    counters: { attempt() {}, skipped() {}, chosen() {} },
    random: () => 0,
    now,
  };
}

export function requestHeaders(
  key: string | undefined,
  { path = '/v1/chat/completions', method = 'POST', endOfStream = false, contentType = 'application/json' } = {},
): RequestHeaders {
  return {
    type: 'request-headers',
    headers: new Map([
      [':path', path],
      [':method', method],
      [':authority', 'localhost'],
      ['x-request-id', 'request-1'],
      ['content-type', contentType],
      ['cookie', 'session=1'],
      ...(key === undefined ? [] : [['authorization', `Bearer ${key}`] as const]),
    ]),
    endOfStream,
    attributes: new Map(),
    metadata: new Map(),
  };
}

export const requestBody = (body: unknown): Message => ({
  type: 'request-body',
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
});

const viaUpstream = (attemptCount: number): Attributes =>
  new Map<string, string | number>([
    ['response.code_details', 'via_upstream'],
    ['upstream.request_attempt_count', attemptCount],
  ]);

export const responseHeaders = (
  status: number,
  {
    contentType = 'application/json',
    attempts = 1,
    endOfStream = false,
    more = {},
  }: { contentType?: string; attempts?: number; endOfStream?: boolean; more?: Record<string, string> } = {},
): Message => ({
  type: 'response-headers',
  headers: new Map([[':status', String(status)], ['content-type', contentType], ...Object.entries(more)]),
  endOfStream,
  attributes: viaUpstream(attempts),
});

/** The headers of a reply that Envoy makes itself. */
export const envoyHeaders = (status: number, details: string, endOfStream = false): Message => ({
  type: 'response-headers',
  headers: new Map([
    [':status', String(status)],
    ['content-type', 'text/plain'],
  ]),
  endOfStream,
  attributes: new Map([['response.code_details', details]]),
});

export const responseBody = (body: string | Buffer, endOfStream = true): Message => ({ type: 'response-body', body: Buffer.from(body), endOfStream });

/** Envoy's names of the clusters that lead to the stage's providers. */
export const clusters = { openai: clusterOf(toOpenAI.endpoint), anthropic: clusterOf(toAnthropic.endpoint) } as const;

/** The headers of a further attempt, as the upstream filter sends them. */
export const attemptHeaders = (exchangeId: string, number: number, cluster: string): RequestHeaders => ({
  type: 'request-headers',
  headers: new Map([
    [':path', '/v1/chat/completions'],
    ['authorization', 'Bearer key-of-openai'],
    ['x-envoy-attempt-count', String(number)],
    ['x-request-id', 'request-1'],
  ]),
  endOfStream: false,
  attributes: new Map([['xds.cluster_name', cluster]]),
  metadata: new Map([['exchange_id', exchangeId]]),
});

/** Plays messages into a conversation and hangs up. */
async function play(conversation: Conversation, messages: readonly Message[]): Promise<Reply[]> {
  const replies: Reply[] = [];
  for (const message of messages) {
    const step = await conversation.next(message);
    if (step.done === true) break;
    replies.push(step.value);
  }
  await conversation.return();
  return replies;
}

/** An exchange that nobody hangs up on. */
export const openExchange = ({ deps }: Pick<Stage, 'deps'>, first: RequestHeaders): Conversation =>
  exchange(first, new AbortController().signal, deps);

export const playExchange = ({ deps }: Stage, first: RequestHeaders, ...rest: Message[]): Promise<Reply[]> =>
  play(openExchange({ deps }, first), [first, ...rest]);

export const playAttempt = ({ deps }: Stage, first: RequestHeaders): Promise<Reply[]> => play(upstreamConversation(first, 'plain', deps), [first]);

/** A reply that must be an immediate response, with its body parsed. */
export function refusal(reply: Reply | undefined): {
  status: number;
  body: { error?: Record<string, unknown> } & Record<string, unknown>;
  headers: Map<string, string>;
} {
  if (reply?.type !== 'immediate') throw new Error(`expected a refusal, got ${JSON.stringify(reply)}`);
  const { status, body, headers }: Immediate = reply;
  return { status, body: JSON.parse(body.toString()), headers: new Map(headers) };
}

/** A reply that must let the message pass, with its header changes as a map. */
export function passed(reply: Reply | undefined): Proceed & { set: Map<string, string>; text: string | undefined } {
  if (reply?.type !== 'proceed') throw new Error(`expected to proceed, got ${JSON.stringify(reply)}`);
  return { ...reply, set: new Map(reply.setHeaders), text: reply.body?.toString() };
}
