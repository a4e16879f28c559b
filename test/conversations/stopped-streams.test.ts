import { createServer } from 'node:http';
import { constants, createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GatewayError } from '../../src/errors.ts';
import type { Part } from '../../src/llm/part.ts';
import { noUsage } from '../../src/llm/usage.ts';
import { anthropicMessages } from '../../src/protocols/anthropic-messages/index.ts';
import { bedrockConverse } from '../../src/protocols/bedrock-converse/index.ts';
import { geminiGenerate } from '../../src/protocols/gemini-generate/index.ts';
import { openaiChat } from '../../src/protocols/openai-chat/index.ts';
import { openaiCompletions } from '../../src/protocols/openai-completions/index.ts';
import { openaiResponses } from '../../src/protocols/openai-responses/index.ts';
import type { Protocol } from '../../src/protocols/protocol.ts';
import { createStreamRelay } from '../../src/protocols/relay.ts';
import { streamReaders } from '../e2e/stopped-readers.ts';

// A stream that we end before its time, read by each official SDK, from providers of its own protocol and of others. The connection then breaks.

const protocols = {
  'openai-chat': openaiChat,
  'openai-completions': openaiCompletions,
  'openai-responses': openaiResponses,
  'anthropic-messages': anthropicMessages,
  'gemini-generate': geminiGenerate,
  'bedrock-converse': bedrockConverse,
} as const;

const place = { choice: 0, block: 0 };
const words = ['Once ', 'upon ', 'a ', 'time ', 'there ', 'was '];
const answer: Part[] = [
  { type: 'start', id: 'a1', model: 'm' },
  { type: 'usage', usage: { ...noUsage, inputTokens: 9, outputTokens: 1 } },
  ...words.map((text) => ({ type: 'text' as const, ...place, text })),
  { type: 'block-end', ...place },
  { type: 'finish', choice: 0, reason: { unified: 'stop', raw: 'stop' } },
  { type: 'usage', usage: { ...noUsage, inputTokens: 9, outputTokens: 12 } },
  { type: 'end' },
];

const options = { wantsUsage: true, createdAt: 1_700_000_000, model: 'm' };

/** The stream as a provider of the protocol sends it, an event a piece. */
function streamOf(protocol: Protocol): Buffer[] {
  const encoder = protocol.createEncoder(options);
  const writer = protocol.framing.createWriter();
  return [...answer.flatMap((part) => encoder.push(part)).map((event) => Buffer.from(writer.write(event))), Buffer.from(writer.end())];
}

/** What the client gets when a policy ends the stream at the fourth word. */
function stoppedStream(from: Protocol, to: Protocol): { bytes: Buffer; seen: string } {
  let seen = '';
  const relay = createStreamRelay(
    {
      from: { protocol: from, framing: from.framing },
      to: { protocol: to, framing: to.framing },
      finish: (part) => [part],
      isRewritten: false,
      storedIds: undefined,
      observe: () => {},
      filter: undefined,
      options,
      watch: {
        see(part) {
          if (part.type === 'text') seen += part.text;
          if (seen.includes('time')) throw new GatewayError('budget-exceeded', 'The budget of tenant "t" is spent.');
        },
        stopped: () => ({
          error: { status: 429, code: 'budget-exceeded', message: 'The budget of tenant "t" is spent.' },
          usage: { ...noUsage, inputTokens: 9, outputTokens: 5 },
        }),
      },
    },
    {
      cut: () => [{ data: '"cut"' }],
      failed: () => [{ data: '"failed"' }],
    },
  );
  const chunks = streamOf(from);
  const bytes = Buffer.concat(chunks.map((chunk, index) => relay.push(chunk, index === chunks.length - 1) ?? chunk));
  return { bytes, seen };
}

let bytes = '';
let contentType = '';
let isBroken = false;

/** Serves the stopped stream, and then ends the body or breaks the connection. */
function serve(response: Writable, breakConnection: () => void): void {
  response.write(Buffer.from(bytes, 'latin1'));
  setTimeout(() => (isBroken ? breakConnection() : response.end()), 50);
}

const web = createServer((request, response) => {
  request.resume().once('end', () => serve(response.writeHead(200, { 'content-type': contentType }), () => response.destroy()));
});
// AWS's SDK speaks HTTP/2 for streams.
const amazon = createHttp2Server((request, response) => {
  request
    .resume()
    .once('end', () =>
      serve(response.writeHead(200, { 'content-type': contentType }).stream, () => response.stream.close(constants.NGHTTP2_INTERNAL_ERROR)),
    );
});
beforeAll(async () => {
  for (const server of [web, amazon]) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  web.closeAllConnections();
  for (const server of [web, amazon]) server.close();
});

const providers = Object.values(protocols).filter((protocol) => protocol !== openaiCompletions);

describe.each(streamReaders)('$name', (reader) => {
  const to = protocols[reader.protocol];
  const froms = [...new Set<Protocol>([to, ...providers])].map((from) => ({ name: from.name, from }));

  describe.each([
    { ending: 'breaks', breaks: true },
    { ending: 'closes', breaks: false },
  ])('whose connection then $ending', ({ breaks }) => {
    test.each(froms)('shows its own error for a stream of $name that ended before its time, and what had come till then', async ({ from }) => {
      const stopped = stoppedStream(from, to);
      expect(stopped.seen).toBe(words.join(''));
      bytes = stopped.bytes.toString('latin1');
      contentType = to.framing.contentType;
      isBroken = breaks;
      const { port } = (to === bedrockConverse ? amazon : web).address() as AddressInfo;
      const read = await reader.read({ url: `http://127.0.0.1:${port}`, key: 'k' }, 'm');
      expect(read.text).toBe('Once upon a ');
      expect(read.error).toSatisfy(reader.isTyped);
      const isTold = reader.tellsUsage === 'always' || (reader.tellsUsage === 'if-closed' && !breaks);
      expect(read.outputTokens).toBe(isTold ? 5 : undefined);
    });
  });
});
