import { Buffer } from 'node:buffer';
import { createServer, type Socket } from 'node:net';
import { anthropicEvents, anthropicJson, openaiEvents, openaiJson } from './canned.ts';

// The fake provider, in a process of its own: OpenAI's and Anthropic's API with one canned answer each. It checks nothing and parses next to nothing, so that it is no bottleneck;
// the strict ones of src/demo cost several times as much. Messages: `{gapMs}` sets the time between chunks, `{last: true}` asks for the request that came last.

const headers = {
  json: 'content-type: application/json',
  stream: 'content-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\ntransfer-encoding: chunked',
  always:
    'date: Thu, 09 Oct 2025 08:53:20 GMT\r\nserver: fake\r\nx-request-id: req_011CTw3bNmQ9rVe5yPzKhXaD\r\nrequest-id: req_011CTw3bNmQ9rVe5yPzKhXaD\r\n' +
    'openai-organization: bench\r\nopenai-processing-ms: 412\r\nopenai-version: 2020-10-01\r\n' +
    'x-ratelimit-limit-requests: 10000\r\nx-ratelimit-remaining-requests: 9999\r\nx-ratelimit-reset-requests: 6ms\r\nstrict-transport-security: max-age=31536000',
};

const wholeAnswer = (body: string): Buffer =>
  Buffer.from(`HTTP/1.1 200 OK\r\n${headers.always}\r\n${headers.json}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
const pieces = (events: readonly string[]): Buffer[] => [
  Buffer.from(`HTTP/1.1 200 OK\r\n${headers.always}\r\n${headers.stream}\r\n\r\n`),
  ...events.map((event) => Buffer.from(`${Buffer.byteLength(event).toString(16)}\r\n${event}\r\n`)),
  Buffer.from('0\r\n\r\n'),
];

const openai = {
  json: wholeAnswer(openaiJson()),
  stream: pieces(openaiEvents({ usage: false })),
  streamWithUsage: pieces(openaiEvents({ usage: true })),
};
const anthropic = { json: wholeAnswer(anthropicJson()), stream: pieces(anthropicEvents()), streamWithUsage: pieces(anthropicEvents()) };

let gapMs = 0;
let last: { head: string; body: Buffer } = { head: '', body: Buffer.alloc(0) };

function answer(socket: Socket, head: string, body: Buffer): void {
  last = { head, body };
  const answers = head.startsWith('POST /v1/messages ') ? anthropic : openai;
  if (answers === openai && !head.startsWith('POST /v1/chat/completions ')) throw new Error(`not served here: ${head.slice(0, 100)}`);
  if (!body.includes('"stream":true')) socket.write(answers.json);
  else write(socket, body.includes('"include_usage":true') ? answers.streamWithUsage : answers.stream, 0);
}

/** One write per turn of the loop makes each event a packet of its own, as they come from a model. */
function write(socket: Socket, frames: readonly Buffer[], at: number): void {
  const frame = frames[at];
  if (frame === undefined || socket.destroyed) return;
  socket.write(frame);
  if (gapMs === 0 || at === 0) setImmediate(write, socket, frames, at + 1);
  else setTimeout(write, gapMs, socket, frames, at + 1);
}

const server = createServer({ noDelay: true }, (socket) => {
  let rest: Buffer = Buffer.alloc(0);
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    rest = data;
    const end = data.indexOf('\r\n\r\n');
    if (end === -1) return;
    const head = data.toString('latin1', 0, end);
    const from = end + 4;
    const to = from + Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1]);
    if (Number.isNaN(to)) throw new Error('a request without content-length');
    if (data.length < to) return;
    rest = data.subarray(to); // nobody pipelines here
    answer(socket, head, data.subarray(from, to));
  });
});

process.on('message', (message: { gapMs?: number; last?: true }) => {
  if (message.gapMs !== undefined) gapMs = message.gapMs;
  process.send?.(message.last === true ? { head: last.head, body: last.body.toString() } : {});
});
process.on('disconnect', () => process.exit());
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as { port: number }).port }));
