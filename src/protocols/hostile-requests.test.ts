import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as anthropicCount from '../../test/recordings/anthropic-count-tokens/requests.ts';
import * as anthropic from '../../test/recordings/anthropic-messages/requests.ts';
import * as bedrock from '../../test/recordings/bedrock-converse/requests.ts';
import * as cohereEmbedding from '../../test/recordings/cohere-embed/requests.ts';
import * as cohereRanking from '../../test/recordings/cohere-rerank/requests.ts';
import * as gemini from '../../test/recordings/gemini-generate/requests.ts';
import * as chat from '../../test/recordings/openai-chat/requests.ts';
import * as completions from '../../test/recordings/openai-completions/requests.ts';
import * as embeddings from '../../test/recordings/openai-embeddings/requests.ts';
import * as responses from '../../test/recordings/openai-responses/requests.ts';
import * as ranking from '../../test/recordings/rerank/requests.ts';
import { GatewayError } from '../errors.ts';
import { JsonFieldError, JsonSyntaxError } from '../framing/json.ts';
import { anthropicCountTokens } from './anthropic-count-tokens/index.ts';
import { anthropicMessages } from './anthropic-messages/index.ts';
import { bedrockConverse } from './bedrock-converse/index.ts';
import { bedrockCountTokens } from './bedrock-count-tokens/index.ts';
import { bedrockEmbed } from './bedrock-embed/index.ts';
import { bedrockRerank } from './bedrock-rerank/index.ts';
import { ClientRequest } from './client-request.ts';
import { cohereEmbed } from './cohere-embed/index.ts';
import { cohereRerank } from './cohere-rerank/index.ts';
import { geminiCountTokens } from './gemini-count-tokens/index.ts';
import { geminiEmbed } from './gemini-embed/index.ts';
import { geminiGenerate } from './gemini-generate/index.ts';
import { openaiChat } from './openai-chat/index.ts';
import { openaiCompletions } from './openai-completions/index.ts';
import { openaiEmbeddings } from './openai-embeddings/index.ts';
import { openaiInputTokens } from './openai-input-tokens/index.ts';
import { openaiResponses } from './openai-responses/index.ts';
import type { Protocol } from './protocol.ts';
import { rerank } from './rerank/index.ts';
import { createSeals, type Sealed } from './seal.ts';
import { withOwnState, withSealedState } from './sealed-request.ts';
import { withStoredIds } from './stored-ids.ts';

const targets: readonly { protocol: Protocol; model: string }[] = [
  { protocol: openaiChat, model: 'gpt-5-mini' },
  { protocol: openaiResponses, model: 'gpt-5-mini' },
  { protocol: openaiCompletions, model: 'gpt-3.5-turbo-instruct' },
  { protocol: anthropicMessages, model: 'claude-sonnet-4-5' },
  { protocol: geminiGenerate, model: 'gemini-3-pro-preview' },
  { protocol: bedrockConverse, model: 'eu.anthropic.claude-sonnet-4-5-20250929-v1:0' },
  { protocol: openaiEmbeddings, model: 'text-embedding-3-small' },
  { protocol: cohereEmbed, model: 'embed-v4.0' },
  { protocol: bedrockEmbed, model: 'cohere.embed-v4:0' },
  { protocol: bedrockEmbed, model: 'amazon.titan-embed-text-v2:0' },
  { protocol: geminiEmbed, model: 'gemini-embedding-001' },
  { protocol: rerank, model: 'rerank-v3' },
  { protocol: cohereRerank, model: 'rerank-v3.5' },
  { protocol: bedrockRerank, model: 'cohere.rerank-v3-5:0' },
  { protocol: openaiInputTokens, model: 'gpt-5-mini' },
  { protocol: anthropicCountTokens, model: 'claude-sonnet-4-5' },
  { protocol: geminiCountTokens, model: 'gemini-3-pro-preview' },
  { protocol: bedrockCountTokens, model: 'anthropic.claude-sonnet-4-5' },
];

const isGroup = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const sources: readonly { protocol: Protocol; request: unknown }[] = [
  { protocol: openaiChat, request: chat.everyField },
  { protocol: openaiResponses, request: responses.everyField },
  { protocol: openaiResponses, request: responses.everyTranslatableField },
  { protocol: openaiInputTokens, request: responses.everyTranslatableField },
  { protocol: openaiCompletions, request: completions.everyField },
  { protocol: anthropicMessages, request: anthropic.everyField },
  { protocol: anthropicCountTokens, request: anthropicCount.countTokens },
  ...Object.values(gemini.requests).map((request) => ({ protocol: geminiGenerate, request })),
  { protocol: bedrockConverse, request: bedrock.everyField },
  { protocol: geminiCountTokens, request: { generateContentRequest: { model: 'm', contents: [{ parts: [{ text: 'Hi' }] }] } } },
  {
    protocol: geminiEmbed,
    request: {
      requests: [{ model: 'models/m', content: { parts: [{ text: 'Hi' }] }, taskType: 'RETRIEVAL_DOCUMENT', title: 'T', outputDimensionality: 64 }],
    },
  },
  { protocol: openaiEmbeddings, request: embeddings.everyField },
  { protocol: cohereEmbed, request: cohereEmbedding.everyField },
  { protocol: cohereRerank, request: cohereRanking.everyField },
  { protocol: rerank, request: ranking.everyField },
];

const seal = createSeals(['0123456789abcdef0123456789abcdef'], randomBytes)('team');
const state: Sealed = { type: 'state', state: { origin: 'anthropic', kind: 'signature', value: 'x' } };
const sealedTexts = [state, { type: 'call', id: 'call_1' }, { type: 'stored', id: 'resp_1', endpoint: 'openai' }] satisfies Sealed[];

/** JSON texts that take the place of a value; what a hostile client thinks of, and a careless one. */
const values: readonly string[] = [
  ...[
    'null',
    'true',
    '0',
    '-1',
    '1.5',
    '1e999',
    '123456789012345678901234567890',
    '""',
    '"x"',
    '"rmr1_"',
    '"rmr1_AAAA"',
    '"\\ud800"',
    '"data:;base64,"',
    '"__proto__"',
  ],
  ...[
    '[]',
    '{}',
    '[null]',
    '[[]]',
    '[{}]',
    '["x"]',
    '[1]',
    '{"type":"text"}',
    '{"type":"x"}',
    '{"__proto__":{"a":1}}',
    '{"a":1,"a":2}',
    '[{"type":"text","text":1}]',
  ],
  ...sealedTexts.map((sealed) => JSON.stringify(seal.seal(sealed))),
];

type Path = (string | number)[];
function* pathsIn(value: unknown, path: Path = []): Generator<Path> {
  yield path;
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) yield* pathsIn(inner, [...path, Array.isArray(value) ? Number(key) : key]);
}

const mark = '\u0001here\u0001';
/** The JSON of a document with another text in the place of a value. */
function withValue(document: unknown, path: Path, value: string): string {
  const put = (node: unknown, depth: number): unknown => {
    if (depth === path.length) return mark;
    const step = path[depth] ?? '';
    if (Array.isArray(node)) return node.map((item, index) => (index === step ? put(item, depth + 1) : item));
    return Object.fromEntries(Object.entries(isGroup(node) ? node : {}).map(([key, field]) => [key, key === step ? put(field, depth + 1) : field]));
  };
  return JSON.stringify(put(document, 0)).replace(JSON.stringify(mark), () => value);
}

const isRefusal = (error: unknown): boolean =>
  error instanceof JsonFieldError || error instanceof JsonSyntaxError || (error instanceof GatewayError && error.status < 500);

/** What in the gateway throws that is no refusal. */
function bugsOf(protocol: Protocol, json: string): string[] {
  const bugs: string[] = [];
  const run = <T>(what: string, act: () => T): T | undefined => {
    try {
      return act();
    } catch (error) {
      if (!isRefusal(error)) bugs.push(`${what}: ${error instanceof Error ? (error.stack ?? '').split('\n').slice(0, 3).join(' ') : String(error)}`);
      return undefined;
    }
  };
  const request = run('facts', () => new ClientRequest(protocol, Buffer.from(json), { model: 'm', stream: true }));
  if (request === undefined) return bugs;
  run('texts', () => request.texts());
  const known = run('stored ids', () => withStoredIds(request, seal).request) ?? request;
  run('own state', () =>
    withOwnState(known, seal).value.retargeted({ model: 'm', quirks: { maxTokensField: 'max_tokens', refusedFields: ['seed'], alternates: true } }),
  );
  const canonical = run('decode', () => withSealedState(known, seal));
  if (canonical === undefined) return bugs;
  for (const { protocol: to, model } of targets) {
    if (to.operation !== protocol.operation) continue;
    run(`encode for ${to.name}`, () => void JSON.parse(to.encodeRequest(canonical.value, { model, quirks: {} }).value));
  }
  return bugs;
}

describe.each(sources.map((source) => ({ name: source.protocol.name, ...source })))('a request of $name', ({ protocol, request }) => {
  test('with any value in the place of any other is taken or refused', () => {
    const document: unknown = JSON.parse(JSON.stringify(request));
    const paths = [...pathsIn(document)];
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.constantFrom(...values), (path, value) => {
        expect(bugsOf(protocol, withValue(document, path, value))).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});
