import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isTextPart, type Part } from '../../src/llm/part.ts';
import { noUsage } from '../../src/llm/usage.ts';
import { Placeholders } from '../../src/policies/redact/placeholders.ts';
import { Restorer } from '../../src/policies/redact/restore.ts';
import { anthropicMessages } from '../../src/protocols/anthropic-messages/index.ts';
import { bedrockConverse } from '../../src/protocols/bedrock-converse/index.ts';
import { geminiGenerate } from '../../src/protocols/gemini-generate/index.ts';
import { openaiChat } from '../../src/protocols/openai-chat/index.ts';
import { openaiResponses } from '../../src/protocols/openai-responses/index.ts';
import type { LocatedPart, Protocol } from '../../src/protocols/protocol.ts';
import { createStreamRelay, relayAnswer, type RelayOptions } from '../../src/protocols/relay.ts';

const protocols: readonly Protocol[] = [openaiChat, openaiResponses, anthropicMessages, geminiGenerate, bedrockConverse];
const pairs = protocols.flatMap((from) => protocols.map((to) => ({ from, to, provider: from.name, client: to.name })));

const original = 'ada "A" @example.com';
const placeholders = new Placeholders();
const placeholder = placeholders.of('email', original);
const written = { wantsUsage: true, createdAt: 1_700_000_000, model: 'm' };

/** How a provider may cut what it says: at these characters. */
const cut = (text: string, places: readonly number[]): string[] => {
  const at = [...new Set(places.map((place) => place % text.length))].toSorted((a, b) => a - b);
  return [...at, text.length].map((end, index) => text.slice(at[index - 1] ?? 0, end)).filter((piece) => piece !== '');
};

const said = `To ${placeholder}, not [EMAIL_9] or [EMAIL_: ${placeholder}${placeholder}`;
const given = JSON.stringify({ to: [placeholder], [`${placeholder} key`]: `<${placeholder}>`, other: '[EMAIL' });

/** An answer with a text and a tool call, in pieces. */
function partsOf(places: readonly number[]): Part[] {
  const [text, call] = [
    { choice: 0, block: 0 },
    { choice: 0, block: 1 },
  ];
  return [
    { type: 'start', id: 'answer-1', model: 'm' },
    ...cut(said, places).map((piece): Part => ({ type: 'text', ...text, text: piece })),
    { type: 'block-end', ...text },
    { type: 'tool-call', ...call, id: 'call_1', name: 'mail' },
    ...cut(given, places).map((piece): Part => ({ type: 'tool-arguments', ...call, text: piece })),
    { type: 'block-end', ...call },
    { type: 'finish', choice: 0, reason: { unified: 'tool-calls', raw: 'tool_use' } },
    { type: 'usage', usage: { ...noUsage, inputTokens: 9, outputTokens: 9 } },
    { type: 'end' },
  ];
}

function relayOptions(from: Protocol, to: Protocol): RelayOptions {
  const restorer = new Restorer(placeholders);
  return {
    from: { protocol: from, framing: from.framing },
    to: { protocol: to, framing: to.framing },
    finish: (part) => [part],
    isRewritten: false,
    storedIds: undefined,
    observe: () => {},
    filter: (part) => restorer.push(part),
    options: written,
  };
}

function streamOf(protocol: Protocol, parts: readonly Part[]): Buffer {
  const writer = protocol.framing.createWriter();
  const encoder = protocol.createEncoder(written);
  return Buffer.concat(
    [...parts.flatMap((part) => encoder.push(part)).map((event) => writer.write(event)), writer.end()].map((bytes) => Buffer.from(bytes)),
  );
}

function heard(protocol: Protocol, bytes: Buffer): LocatedPart[] {
  const parser = protocol.framing.createParser();
  const decoder = protocol.createDecoder();
  return parser.push(bytes).flatMap((event) => decoder.push(event));
}

function expectRestored(parts: readonly LocatedPart[], bytes: Buffer): void {
  const textOf = (type: string): string =>
    parts
      .filter((part) => part.type === type)
      .map((part) => (part.type !== 'echo' && isTextPart(part) ? part.text : ''))
      .join('');
  expect(textOf('text')).toBe(said.replaceAll(placeholder, original));
  expect(JSON.parse(textOf('tool-arguments'))).toEqual(JSON.parse(given.replaceAll(placeholder, JSON.stringify(original).slice(1, -1))));
  expect(bytes.toString()).not.toContain(placeholder);
}

describe.each(pairs)('what a provider of $provider says about a placeholder is restored for a client of $client', ({ from, to }) => {
  test('in a stream, wherever it was cut', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(200), { maxLength: 40 }), fc.integer({ min: 1, max: 300 }), (places, size) => {
        const bytes = streamOf(from, partsOf(places));
        const relay = createStreamRelay(relayOptions(from, to), { cut: () => [], failed: () => [] });
        const sent: Buffer[] = [];
        for (let at = 0; at < bytes.length; at += size) sent.push(relay.push(bytes.subarray(at, at + size), false) ?? bytes.subarray(at, at + size));
        sent.push(relay.push(Buffer.alloc(0), true) ?? Buffer.alloc(0));
        expect(relay.ended).toBe('complete');
        expectRestored(heard(to, Buffer.concat(sent)), Buffer.concat(sent));
      }),
      { numRuns: 40 },
    );
  });

  test('in a JSON answer', () => {
    const answer = Buffer.from(from.encodeAnswer(partsOf([]), written));
    const sent = relayAnswer(answer, relayOptions(from, to)) ?? answer;
    expectRestored(to.decodeAnswer(sent), sent);
  });
});
