import { describe, expect, test } from 'vitest';
import type { FilterForm } from '../envoy/names.ts';
import type { GatewayError } from '../errors.ts';
import { openaiChat } from '../protocols/openai-chat/index.ts';
import { api } from '../providers/provider.ts';
import { clusterOf } from '../routing/deployment.ts';
import { deployment } from '../routing/deployment.fixture.ts';
import type { Message, Reply, RequestHeaders } from './message.ts';
import type { OpenExchange } from './registry.ts';
import { upstreamConversation } from './upstream.ts';
import { answer, body, repliesOf, setStage, verdictIn } from './watched.fixture.ts';

const forms: FilterForm[] = ['watch', 'guard'];

/** Plays the conversation about one attempt of an exchange whose chain is `a`, `b`. */
async function play(
  form: FilterForm,
  { number = 1, cluster, isWatched = true, isKnown = true }: { number?: number; cluster?: string; isWatched?: boolean; isKnown?: boolean },
  ...messages: Message[]
): Promise<{ replies: Reply[]; errors: GatewayError[]; prepared: number[] }> {
  const { exchange: watched } = setStage({ number });
  const prepared: number[] = [];
  const errors: GatewayError[] = [];
  const open: OpenExchange = {
    chain: watched.chain,
    protocol: openaiChat,
    skipFirst: () => false,
    async prepare(attempt) {
      prepared.push(attempt);
      const headers = new Map([['authorization', `Bearer key-of-${attempt}`]]);
      return { api: api(openaiChat, '/'), body: Buffer.from('{}'), path: '/written', headers, warnings: [], answersByTool: false };
    },
    ...(isWatched && { watch: watched.watch }),
  };
  const opening: RequestHeaders = {
    type: 'request-headers',
    headers: new Map([
      [':path', '/first'],
      ['authorization', 'Bearer key-of-1'],
      ['x-envoy-attempt-count', String(number)],
    ]),
    endOfStream: false,
    attributes: new Map([['xds.cluster_name', cluster ?? clusterOf(deployment(number === 1 ? 'a' : 'b').endpoint)]]),
    metadata: new Map([['exchange_id', 'it']]),
  };
  const deps = { registry: new Map(isKnown ? [['it', open]] : []), onError: (error: GatewayError) => void errors.push(error), now: () => 0 };
  return { replies: await repliesOf(upstreamConversation(opening, form, deps), [opening, ...messages]), errors, prepared };
}

describe.each(forms)('in the form %s', (form) => {
  test('the first attempt stays as the exchange wrote it', async () => {
    const { replies, prepared } = await play(form, {});
    expect([replies, prepared]).toEqual([[{ type: 'proceed' }], []]);
  });

  test('a further one is written for its own deployment', async () => {
    const { replies, prepared } = await play(form, { number: 2 });
    expect(replies[0]).toMatchObject({ type: 'proceed', replacesRequest: true, metadata: { remora: { content_length: 2 } } });
    expect([new Map(replies[0]?.type === 'proceed' ? replies[0].setHeaders : []).get('authorization'), prepared]).toEqual(['Bearer key-of-2', [2]]);
  });

  test('its answer is looked at', async () => {
    const error = JSON.stringify({ error: { message: 'Overloaded', code: 'overloaded' } });
    const { replies } = await play(form, {}, answer(503), body(error), body(''));
    const last = replies.at(-1);
    const decided = last?.type === 'release' ? last.replies[0] : last;
    expect(decided?.type === 'proceed' && verdictIn(decided)).toEqual({ why: 'overloaded' });
  });

  test.each([
    ['of an exchange that is not known', { isKnown: false }],
    ['at another provider than the one whose turn it is', { cluster: clusterOf(deployment('b').endpoint) }],
    ['beyond the chain', { number: 3 }],
    ['of an exchange that nobody looks at', { isWatched: false }],
  ])('an attempt %s is refused', async (_, options) => {
    const { replies, errors, prepared } = await play(form, options);
    expect(replies.map((reply) => (reply.type === 'immediate' ? reply.status : reply.type))).toEqual([503]);
    expect([errors.map(({ code }) => code), prepared]).toEqual([['gateway-unavailable'], []]);
  });
});
