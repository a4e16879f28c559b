import { expect, test } from 'vitest';
import { GatewayError } from '../../errors.ts';
import { ClientRequest } from '../../protocols/client-request.ts';
import { cohereRerank } from '../../protocols/cohere-rerank/index.ts';
import { openaiEmbeddings } from '../../protocols/openai-embeddings/index.ts';
import type { Protocol } from '../../protocols/protocol.ts';
import { relayAnswer } from '../../protocols/relay.ts';
import { rerank } from '../../protocols/rerank/index.ts';
import { opening } from '../opening.fixture.ts';
import { tenant } from '../tenant.fixture.ts';
import { redact } from './index.ts';

const privacy = { redact: new Set(['email' as const]), keepInHouse: new Set<never>(), keepIn: new Map(), restore: true };
const caller = opening(tenant('t', { privacy }));
const request = (protocol: Protocol, body: object) => new ClientRequest(protocol, Buffer.from(JSON.stringify(body)));

test.each([
  ['of its own protocol', rerank],
  ['of another protocol', cohereRerank],
])('documents that a reranker repeats come back to a client %s as they were', async (_, client) => {
  const run = redact.open(caller);
  const sent = await run?.onRequest?.(request(client, { model: 'm', query: 'Who?', documents: ['Ask bob@example.com', 'Nobody'] }));
  const text = sent?.bytes.toString() ?? '';
  expect(text).toContain('Ask [EMAIL_1]');
  const answer = { model: 'm', results: [{ index: 0, relevance_score: 0.5, document: { text: 'Ask [EMAIL_1]' } }], usage: { total_tokens: 3 } };
  const relayed = relayAnswer(Buffer.from(JSON.stringify(answer)), {
    from: { protocol: rerank, framing: rerank.framing },
    to: { protocol: client, framing: client.framing },
    finish: (part) => [part],
    isRewritten: false,
    storedIds: undefined,
    observe: () => {},
    filter: (part) => run?.onPart?.(part) ?? [part],
    options: { wantsUsage: true, createdAt: 1 },
  });
  expect(relayed?.toString()).not.toContain('EMAIL_1');
  if (client === rerank) expect(relayed?.toString()).toBe(JSON.stringify(answer).replace('[EMAIL_1]', 'bob@example.com'));
});

test('text in the form of tokens is refused, for nobody can read what is in it', async () => {
  const run = redact.open(caller);
  const refused = await Promise.resolve(run?.onRequest?.(request(openaiEmbeddings, { model: 'm', input: [[1, 2, 3]] }))).catch(
    (error: unknown) => error,
  );
  expect(refused).toBeInstanceOf(GatewayError);
  expect(refused).toMatchObject({ code: 'unreadable-content', field: 'input[0][0]' });
});
