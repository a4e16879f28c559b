import { randomBytes } from 'node:crypto';
import { createOpenAI } from '@ai-sdk/openai';
import { streamText, type ModelMessage, type ToolSet } from 'ai';
import OpenAI, { APIError } from 'openai';
import type { Response as SdkResponse, ResponseInputItem, ResponseStreamEvent } from 'openai/resources/responses/responses';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { formatSse } from '../../framing/sse.ts';
import { parseJson } from '../../framing/json.ts';
import { noUsage } from '../../llm/usage.ts';
import type { Part } from '../../llm/part.ts';
import type { OpaqueState } from '../../llm/state.ts';
import { ClientRequest } from '../client-request.ts';
import { createSeals } from '../seal.ts';
import { createStateSealer } from '../sealed-answer.ts';
import { withSealedState } from '../sealed-request.ts';
import { openaiResponses } from './index.ts';
import type { WrittenResponse } from './wire.ts';

const options = { wantsUsage: true, createdAt: 1_700_000_000, model: 'fast' };

const start: Part = { type: 'start', id: 'msg_01', model: 'claude-sonnet-5' };
const text = (block: number, value: string): Part => ({ type: 'text', choice: 0, block, text: value });
const reasoning = (block: number, value: string): Part => ({ type: 'reasoning', choice: 0, block, text: value });
const call = (block: number, id: string): Part => ({ type: 'tool-call', choice: 0, block, id, name: 'find_order' });
const args = (block: number, value: string): Part => ({ type: 'tool-arguments', choice: 0, block, text: value });
const state = (block: number, value: OpaqueState): Part => ({ type: 'reasoning-state', choice: 0, block, state: value });
const end = (block: number): Part => ({ type: 'block-end', choice: 0, block });
const usage: Part = { type: 'usage', usage: { ...noUsage, inputTokens: 9, cacheReadTokens: 4, outputTokens: 5, reasoningTokens: 2 } };
const finish = (unified: 'stop' | 'length' | 'tool-calls' | 'content-filter' | 'refusal' | 'pause' | 'other'): Part => ({
  type: 'finish',
  choice: 0,
  reason: { unified, raw: unified },
});
const done: Part = { type: 'end' };
const signature: OpaqueState = { origin: 'anthropic', kind: 'signature', value: 'signed' };

function encode(parts: readonly Part[]): string {
  const encoder = openaiResponses.createEncoder(options);
  return parts
    .flatMap((part) => encoder.push(part))
    .map(({ name, data }) => formatSse(data, name))
    .join('');
}

const eventsOf = (sent: string): ResponseStreamEvent[] =>
  [...sent.matchAll(/^data: (.*)$/gm)].map(([, data = '']) => JSON.parse(data) as ResponseStreamEvent);

const sdk = (sent: string): OpenAI =>
  new OpenAI({
    apiKey: 'x',
    baseURL: 'http://gateway.example',
    maxRetries: 0,
    fetch: () => Promise.resolve(new Response(sent, { headers: { 'content-type': 'text/event-stream' } })),
  });

/** What the SDK makes of a stream: the answer, having checked each event against those before it. */
const accumulated = (sent: string): Promise<SdkResponse> => sdk(sent).responses.stream({ model: 'fast', input: 'Hi' }).finalResponse();

/** A whole answer of another maker: two blocks of thinking, text, a refusal, two calls, one without arguments. */
const everything: Part[] = [
  start,
  reasoning(0, 'Let me'),
  reasoning(0, ' see.'),
  state(0, signature),
  end(0),
  state(1, { ...signature, kind: 'encrypted', value: 'redacted' }),
  end(1),
  text(2, 'Grüße, '),
  text(2, '"Welt" 👋'),
  end(2),
  text(3, 'More.'),
  end(3),
  call(4, 'toolu_a'),
  args(4, '{"order":92233'),
  args(4, '72036854775807}'),
  end(4),
  call(5, 'toolu_b'),
  end(5),
  usage,
  finish('tool-calls'),
  done,
];

test('the SDK builds the whole answer from the events, the same that the last one holds and that a JSON answer is', async () => {
  const sent = encode(everything);
  const { output, output_text, usage: counted, ...response } = await accumulated(sent);
  const last = eventsOf(sent).at(-1);
  expect(output_text).toBe('Grüße, "Welt" 👋More.');
  expect(output).toMatchObject([
    { type: 'reasoning', summary: [{ type: 'summary_text', text: 'Let me see.' }], encrypted_content: 'signed', status: 'completed' },
    { type: 'reasoning', summary: [], encrypted_content: 'redacted' },
    {
      type: 'message',
      role: 'assistant',
      status: 'completed',
      content: [
        { type: 'output_text', text: 'Grüße, "Welt" 👋', annotations: [] },
        { type: 'output_text', text: 'More.', annotations: [] },
      ],
    },
    { type: 'function_call', call_id: 'toolu_a', name: 'find_order', arguments: '{"order":9223372036854775807}', status: 'completed' },
    { type: 'function_call', call_id: 'toolu_b', name: 'find_order', arguments: '{}', status: 'completed' },
  ]);
  expect(response).toMatchObject({ id: 'msg_01', status: 'completed', model: 'claude-sonnet-5', created_at: 1_700_000_000 });
  expect(counted).toEqual({
    input_tokens: 9,
    input_tokens_details: { cached_tokens: 4, cache_write_tokens: 0 },
    output_tokens: 5,
    output_tokens_details: { reasoning_tokens: 2 },
    total_tokens: 14,
  });
  expect(last).toMatchObject({ type: 'response.completed' });
  expect(JSON.parse(openaiResponses.encodeAnswer(everything, options))).toEqual(last?.type === 'response.completed' && last.response);
});

test('events have the names and the order of the API, each its number', () => {
  const events = eventsOf(encode(everything));
  expect(events.map(({ sequence_number }) => sequence_number)).toEqual(events.map((_event, index) => index));
  expect(events.map(({ type }) => type.replace('response.', ''))).toEqual([
    ...['created', 'in_progress'],
    ...['output_item.added', 'reasoning_summary_part.added', 'reasoning_summary_text.delta', 'reasoning_summary_text.delta'],
    ...['reasoning_summary_text.done', 'reasoning_summary_part.done', 'output_item.done'],
    ...['output_item.added', 'output_item.done'],
    ...['output_item.added', 'content_part.added', 'output_text.delta', 'output_text.delta', 'output_text.done', 'content_part.done'],
    ...['content_part.added', 'output_text.delta', 'output_text.done', 'content_part.done', 'output_item.done'],
    ...['output_item.added', 'function_call_arguments.delta', 'function_call_arguments.delta', 'function_call_arguments.done', 'output_item.done'],
    ...['output_item.added', 'function_call_arguments.delta', 'function_call_arguments.done', 'output_item.done'],
    'completed',
  ]);
});

test('every event is named in its frame as in its data', () => {
  for (const [, name, type] of encode(everything).matchAll(/event: (\S+)\ndata: \{"type":"([^"]+)"/g)) expect(name).toBe(type);
});

test('a response has every field of the SDK type that is no option of the request', () => {
  const response = JSON.parse(openaiResponses.encodeAnswer([start, text(0, 'Hi'), finish('stop'), done], options)) as WrittenResponse;
  const { usage: counted, ...rest } = response;
  const sdkResponse: Omit<SdkResponse, 'output_text'> = { ...rest, ...(counted !== null && { usage: counted }) };
  expect(sdkResponse.output).toHaveLength(1);
});

describe('an answer that is not all that the model had to say', () => {
  test.each([
    ['length', 'max_output_tokens'],
    ['content-filter', 'content_filter'],
    ['refusal', 'content_filter'],
  ] as const)('%s is incomplete because of %s, and so is its last item', async (unified, reason) => {
    const response = await accumulated(encode([start, text(0, 'Once'), end(0), call(1, 'c'), args(1, '{"a'), end(1), usage, finish(unified), done]));
    expect(response).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason },
      output: [{ status: 'completed' }, { status: 'incomplete' }],
    });
  });

  test('is complete where the refusal is there to be read', async () => {
    const refusal: Part = { type: 'refusal', choice: 0, block: 0, text: 'No.' };
    const response = await accumulated(encode([start, refusal, end(0), finish('refusal'), done]));
    expect(response).toMatchObject({ status: 'completed', output: [{ content: [{ type: 'refusal', refusal: 'No.' }] }] });
  });
});

test('an error is thrown by the SDK, also midway', async () => {
  const failure = { status: 429, type: 'rate_limit_exceeded', message: 'Too fast.' };
  const sent = encode([start, text(0, 'So far'), { type: 'error', failure }, text(0, ' more'), done]);
  expect(eventsOf(sent).at(-1)).toEqual({ type: 'error', code: 'rate_limit_exceeded', message: 'Too fast.', param: null, sequence_number: 5 });
  const thrown = await accumulated(sent).catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(APIError);
  expect(thrown).toMatchObject({ code: 'rate_limit_exceeded', message: expect.stringContaining('Too fast.') as string });
});

test('log probabilities come in a delta of their own and in all that sums the text up', async () => {
  const top = [{ token: 'Hé', logprob: -0.1 }];
  const sent = encode([
    start,
    text(0, 'Hé'),
    { type: 'logprobs', choice: 0, block: 0, tokens: [{ token: 'Hé', logprob: -0.1, top }] },
    end(0),
    finish('stop'),
    done,
  ]);
  const written = { token: 'Hé', logprob: -0.1, bytes: [72, 195, 169] };
  expect((await accumulated(sent)).output).toMatchObject([{ content: [{ text: 'Hé', logprobs: [{ ...written, top_logprobs: [written] }] }] }]);
});

test('arguments that come for a call which another one has closed are in the whole answer', async () => {
  const sent = encode([start, call(0, 'a'), args(0, '{"a"'), call(1, 'b'), args(1, '{"b":2}'), args(0, ':1}'), finish('tool-calls'), done]);
  expect((await accumulated(sent)).output).toMatchObject([{ arguments: '{"a":1}' }, { arguments: '{"b":2}' }]);
});

test('only the first choice is written', async () => {
  const sent = encode([start, text(0, 'A'), { type: 'text', choice: 1, block: 1, text: 'B' }, end(0), finish('stop'), done]);
  expect((await accumulated(sent)).output_text).toBe('A');
});

test('an answer without a beginning, parts or usage has at least an envelope', async () => {
  const response = await accumulated(encode([done]));
  expect(response).toMatchObject({ id: '', model: 'fast', status: 'completed', output: [], usage: { total_tokens: 0 } });
});

test('items of two answers have different ids, those of the same always the same', () => {
  const ids = (id: string) => {
    const parts: Part[] = [{ type: 'start', id, model: 'm' }, reasoning(0, 'A'), text(1, 'B'), call(2, 'c'), finish('stop'), done];
    return (JSON.parse(openaiResponses.encodeAnswer(parts, options)) as WrittenResponse).output.map((item) => item.id);
  };
  expect(ids('one')).toEqual(ids('one'));
  expect(new Set([...ids('one'), ...ids('two')]).size).toBe(6);
  for (const id of ids('one')) expect(id).toMatch(/^(?:msg|rs|fc)_[a-z0-9_]{1,60}$/);
});

describe('thinking of another maker', () => {
  const seal = createSeals(['a secret of thirty-two characters'], randomBytes)('tenant');

  test('survives the way to the client and back, with what its maker needs', async () => {
    const sealer = createStateSealer(openaiResponses, seal);
    const { output } = await accumulated(encode(everything.flatMap((part) => sealer(part))));
    const results = ['toolu_a', 'toolu_b'].map((call_id) => ({ type: 'function_call_output', call_id, output: 'ok' }));
    const input = [{ role: 'user', content: 'Hi' }, ...output, ...results] as ResponseInputItem[];
    const request = new ClientRequest(openaiResponses, Buffer.from(JSON.stringify({ model: 'fast', input })));
    const { value, warnings } = withSealedState(request, seal);
    expect(warnings).toEqual([]);
    expect(value).toMatchObject({
      messages: [
        { role: 'user' },
        {
          role: 'assistant',
          content: [
            { type: 'reasoning', text: 'Let me see.', state: signature },
            { type: 'reasoning', text: '', state: { ...signature, kind: 'encrypted', value: 'redacted' } },
            { type: 'text', text: 'Grüße, "Welt" 👋' },
            { type: 'text', text: 'More.' },
            { type: 'tool-call', id: 'toolu_a' },
            { type: 'tool-call', id: 'toolu_b' },
          ],
        },
        { role: 'tool', toolCallId: 'toolu_a' },
        { role: 'tool', toolCallId: 'toolu_b' },
      ],
    });
  });

  test('that has no state goes back to OpenAI as nothing at all', async () => {
    const { output } = await accumulated(encode([start, reasoning(0, 'Hm'), end(0), text(1, 'Yes'), end(1), finish('stop'), done]));
    const body = parseJson(Buffer.from(JSON.stringify({ model: 'm', input: [...output, { role: 'user', content: 'Why?' }] })));
    const { value, warnings } = openaiResponses.retarget(body, openaiResponses.facts(body, {}), { model: 'm', quirks: {} });
    expect(value).toHaveLength(1);
    expect(value[0]?.text).not.toMatch(/_remora_|"Hm"/);
    expect(warnings.map(({ field }) => field)).toEqual(['input[0]']);
  });
});

test("OpenAI's own reasoning keeps its id where nothing else was told of it before", () => {
  const own: OpaqueState = { origin: 'openai', kind: 'encrypted', value: 'gAAA', id: 'rs_1' };
  const { output } = JSON.parse(openaiResponses.encodeAnswer([start, state(0, own), end(0), finish('stop'), done], options)) as WrittenResponse;
  expect(output).toMatchObject([{ type: 'reasoning', id: 'rs_1', encrypted_content: 'gAAA' }]);
});

test('the AI SDK reads the stream: text, reasoning, tool calls and why it ended', async () => {
  const provider = createOpenAI({
    apiKey: 'x',
    fetch: () => Promise.resolve(new Response(encode(everything), { headers: { 'content-type': 'text/event-stream' } })),
  });
  const messages: ModelMessage[] = [{ role: 'user', content: 'Hi' }];
  const tools: ToolSet = { find_order: { inputSchema: z.looseObject({}) } };
  const result = streamText({ model: provider.responses('gpt-5-mini'), messages, tools });
  expect(await result.text).toBe('Grüße, "Welt" 👋More.');
  expect(await result.reasoningText).toBe('Let me see.');
  expect((await result.toolCalls).map(({ toolCallId }) => toolCallId)).toEqual(['toolu_a', 'toolu_b']);
  expect(await result.finishReason).toBe('tool-calls');
});
