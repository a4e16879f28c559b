import { describe, expect, test } from 'vitest';
import { collected, eventsOf } from '../../../test/recordings/bedrock-converse/sdk.ts';
import { bytesOf, streams } from '../../../test/recordings/bedrock-converse/streams.ts';
import { awsEventStream } from '../../framing/aws-event-stream.ts';
import type { StreamEvent } from '../../framing/event.ts';
import type { Part } from '../../llm/part.ts';
import { noUsage } from '../../llm/usage.ts';
import { withoutPlaces } from '../protocol.contract.ts';
import { createStreamRelay } from '../relay.ts';
import { bedrockConverse } from './index.ts';
import { createDecoder, createEncoder } from './stream.ts';

const place = { choice: 0, block: 0 } as const;
const done: Part = { type: 'finish', choice: 0, reason: { unified: 'stop', raw: 'stop' } };
const end: Part = { type: 'end' };

/** The bytes of a client's stream. */
function written(...parts: Part[]): Buffer {
  const encoder = createEncoder();
  const writer = awsEventStream.createWriter();
  return Buffer.concat(parts.flatMap((part) => encoder.push(part)).map((event) => Buffer.from(writer.write(event))));
}

const said = async (...parts: Part[]): Promise<unknown> => {
  const { output } = collected(await eventsOf(written(...parts))) as { output: { message: { content: unknown } } };
  return output.message.content;
};

const event = (name: string, data: unknown): StreamEvent => ({ name, data: JSON.stringify(data), raw: Buffer.alloc(0), messageType: 'event' });
const read = (...events: StreamEvent[]): Part[] => {
  const decoder = createDecoder();
  return withoutPlaces(events.flatMap((each) => decoder.push(each)));
};

describe('what the SDK reads of a stream we write', () => {
  test('is every kind of block, in order, with why it stopped and what it cost', async () => {
    const events = await eventsOf(
      written(
        { type: 'start', id: 'msg_1', model: 'm' },
        { type: 'reasoning', ...place, text: 'Hm' },
        { type: 'reasoning', ...place, text: 'm.' },
        { type: 'reasoning-state', ...place, state: { origin: 'anthropic', kind: 'signature', value: 'sig' } },
        { type: 'block-end', ...place },
        { type: 'text', choice: 0, block: 1, text: 'I look.' },
        { type: 'block-end', choice: 0, block: 1 },
        { type: 'tool-call', choice: 0, block: 2, id: 'call_1', name: 'look' },
        { type: 'tool-arguments', choice: 0, block: 2, text: '{"who":' },
        { type: 'tool-arguments', choice: 0, block: 2, text: '"Bob"}' },
        { type: 'block-end', choice: 0, block: 2 },
        { type: 'usage', usage: { ...noUsage, inputTokens: 2310, cacheReadTokens: 2000, cacheWriteTokens: 300, outputTokens: 7 } },
        { type: 'finish', choice: 0, reason: { unified: 'tool-calls', raw: 'tool_calls' } },
        end,
      ),
    );
    expect(events.map((each) => Object.keys(each)[0])).toEqual([
      'messageStart',
      ...['contentBlockDelta', 'contentBlockDelta', 'contentBlockDelta', 'contentBlockStop'],
      ...['contentBlockDelta', 'contentBlockStop'],
      ...['contentBlockStart', 'contentBlockDelta', 'contentBlockDelta', 'contentBlockStop'],
      ...['messageStop', 'metadata'],
    ]);
    expect(collected(events)).toEqual({
      output: {
        message: {
          role: 'assistant',
          content: [
            { reasoningContent: { reasoningText: { text: 'Hmm.', signature: 'sig' } } },
            { text: 'I look.' },
            { toolUse: { toolUseId: 'call_1', name: 'look', input: { who: 'Bob' } } },
          ],
        },
      },
      stopReason: 'tool_use',
      usage: { inputTokens: 10, outputTokens: 7, totalTokens: 2317, cacheReadInputTokens: 2000, cacheWriteInputTokens: 300 },
      metrics: { latencyMs: 0 },
    });
  });

  test('is an empty object for a call without arguments', async () => {
    expect(await said({ type: 'tool-call', ...place, id: 'c', name: 'f' }, { type: 'block-end', ...place }, done, end)).toEqual([
      { toolUse: { toolUseId: 'c', name: 'f', input: {} } },
    ]);
    expect(await said({ type: 'tool-call', ...place, id: 'c', name: 'f' }, done, end)).toEqual([
      { toolUse: { toolUseId: 'c', name: 'f', input: {} } },
    ]);
  });

  test('is redacted content for Anthropic’s own, a signature for anybody else’s state', async () => {
    const hidden = (state: Part & { type: 'reasoning-state' }): Promise<unknown> => said(state, { type: 'block-end', ...place }, done, end);
    expect(await hidden({ type: 'reasoning-state', ...place, state: { origin: 'anthropic', kind: 'encrypted', value: 'AAEC' } })).toEqual([
      { reasoningContent: { redactedContent: 'AAEC' } },
    ]);
    expect(await hidden({ type: 'reasoning-state', ...place, state: { origin: 'openai', kind: 'encrypted', value: 'rmr1_x-y' } })).toEqual([
      { reasoningContent: { reasoningText: { text: '', signature: 'rmr1_x-y' } } },
    ]);
    // The SDK would throw at bytes that are none.
    expect(await hidden({ type: 'reasoning-state', ...place, state: { origin: 'anthropic', kind: 'encrypted', value: 'no base64' } })).toEqual([]);
  });

  test('is the sequence that the answer stopped at, where the provider told it', async () => {
    const reason = { unified: 'stop', raw: 'end_turn', stopSequence: 'END' } as const;
    const events = await eventsOf(written({ type: 'text', ...place, text: 'a' }, { type: 'finish', choice: 0, reason }, end));
    expect(collected(events)).toMatchObject({ additionalModelResponseFields: { stop_sequence: 'END' } });
  });

  test('is one message, even if the provider said nothing', async () => {
    const events = await eventsOf(written({ type: 'start', id: '', model: '' }, { type: 'start', id: '', model: '' }, done, end, end));
    expect(events.map((each) => Object.keys(each)[0])).toEqual(['messageStart', 'messageStop', 'metadata']);
  });
});

test('text that comes for a closed block opens another; arguments find their own', async () => {
  const parts: Part[] = [
    { type: 'text', ...place, text: 'a' },
    { type: 'tool-call', choice: 0, block: 1, id: 'c', name: 'f' },
    { type: 'tool-arguments', choice: 0, block: 1, text: '{"x":' },
    { type: 'text', ...place, text: 'b' },
    { type: 'tool-arguments', choice: 0, block: 1, text: '1}' },
  ];
  expect(await said(...parts, done, end)).toEqual([{ text: 'a' }, { toolUse: { toolUseId: 'c', name: 'f', input: { x: 1 } } }, { text: 'b' }]);
});

test('other choices, and what the protocol has no event for, are not written', () => {
  expect(written({ type: 'text', choice: 1, block: 0, text: 'b' })).toHaveLength(0);
  expect(written({ type: 'logprobs', ...place, tokens: [] })).toHaveLength(0);
});

describe('a provider’s stream', () => {
  test('tells usage in its last event, and ends there', () => {
    expect(read(event('messageStop', { stopReason: 'end_turn' }), event('metadata', { usage: { inputTokens: 5, outputTokens: 2 } }))).toEqual([
      { type: 'finish', choice: 0, reason: { unified: 'stop', raw: 'end_turn' } },
      { type: 'usage', usage: { ...noUsage, inputTokens: 5, outputTokens: 2 } },
      { type: 'end' },
    ]);
  });

  test('closes a block where the next one begins, if nothing else does', () => {
    const text = (contentBlockIndex: number, each: string) => event('contentBlockDelta', { contentBlockIndex, delta: { text: each } });
    expect(read(text(0, 'a'), text(1, 'b'), event('messageStop', { stopReason: 'end_turn' }))).toMatchObject([
      { type: 'text', block: 0 },
      { type: 'block-end', block: 0 },
      { type: 'text', block: 1 },
      { type: 'block-end', block: 1 },
      { type: 'finish' },
    ]);
  });

  test('may have a signature, and redacted bytes, in pieces', () => {
    const piece = (reasoningContent: object) => event('contentBlockDelta', { contentBlockIndex: 0, delta: { reasoningContent } });
    const stop = event('contentBlockStop', { contentBlockIndex: 0 });
    expect(read(piece({ signature: 'ab' }), piece({ signature: 'cd' }), stop)[0]).toMatchObject({ state: { kind: 'signature', value: 'abcd' } });
    const bytes = ['one', 'two'].map((each) => piece({ redactedContent: Buffer.from(each).toString('base64') }));
    expect(read(...bytes, stop)[0]).toMatchObject({ state: { kind: 'encrypted', value: Buffer.from('onetwo').toString('base64') } });
  });

  test('may have events nobody knows, and nothing in them', () => {
    const odd = [
      event('messageNotice', {}),
      event('toString', {}),
      event('contentBlockDelta', { delta: null }),
      event('contentBlockDelta', 7),
      event('metadata', {}),
    ];
    expect(read(...odd, { ...event('messageStart', {}), data: '' })).toEqual([]);
  });

  test.each([
    ['refusal', 'refusal'],
    ['pause_turn', 'pause'],
    ['malformed_model_output', 'other'],
    ['guardrail_intervened', 'content-filter'],
    ['something_new', 'other'],
  ])('stops for %s', (raw, unified) => {
    expect(read(event('messageStop', { stopReason: raw }))).toEqual([{ type: 'finish', choice: 0, reason: { unified, raw } }]);
  });

  test('is complete once its message stopped, and cut before that', () => {
    const side = { protocol: bedrockConverse, framing: awsEventStream };
    const ends = (bytes: Buffer) => {
      const relay = createStreamRelay(
        {
          from: side,
          to: side,
          finish: (part) => [part],
          observe: () => {},
          filter: undefined,
          isRewritten: false,
          storedIds: undefined,
          options: { wantsUsage: true, createdAt: 0 },
        },
        { cut: () => [], failed: () => [] },
      );
      relay.push(bytes, true);
      return relay.ended;
    };
    expect(ends(bytesOf(streams.text.slice(0, -1)))).toBe('complete');
    expect(ends(bytesOf(streams.text.slice(0, -2)))).toBe('cut');
  });
});
