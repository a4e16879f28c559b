import type { Part } from '../../src/llm/part.ts';
import { noUsage } from '../../src/llm/usage.ts';
import type { Protocol } from '../../src/protocols/protocol.ts';
import { clientProtocols } from '../../src/protocols/registry.ts';
import { createStreamRelay } from '../../src/protocols/relay.ts';

/** Deltas of each stream. */
const deltas = 200;
/** Streams per turn; turns of all pairs alternate, so that what disturbs the machine disturbs them all alike. */
const streamsPerTurn = 20;
const turns = 15;

const options = { wantsUsage: true, createdAt: 1_700_000_000, model: 'fast' };

/** An answer as models give it: some reasoning, text, and a tool call. */
const parts: readonly Part[] = [
  { type: 'start', id: 'answer_1', model: 'm' },
  ...many(deltas / 4, (index): Part => ({ type: 'reasoning', choice: 0, block: 0, text: ` thought ${index}` })),
  { type: 'block-end', choice: 0, block: 0 },
  ...many(deltas / 2, (index): Part => ({ type: 'text', choice: 0, block: 1, text: ` word ${index}` })),
  { type: 'block-end', choice: 0, block: 1 },
  { type: 'tool-call', choice: 0, block: 2, id: 'call_1', name: 'mail' },
  { type: 'tool-arguments', choice: 0, block: 2, text: '{"to":["' },
  ...many(deltas / 4, (index): Part => ({ type: 'tool-arguments', choice: 0, block: 2, text: `","a${index}` })),
  { type: 'tool-arguments', choice: 0, block: 2, text: '"]}' },
  { type: 'block-end', choice: 0, block: 2 },
  { type: 'usage', usage: { ...noUsage, inputTokens: 50, outputTokens: deltas } },
  { type: 'finish', choice: 0, reason: { unified: 'tool-calls', raw: '' } },
  { type: 'end' },
];

function many(count: number, make: (index: number) => Part): Part[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

/** The answer as a provider of a protocol streams it: each event a chunk of its own. */
function chunksOf({ createEncoder, framing }: Protocol): Buffer[] {
  const encoder = createEncoder(options);
  const writer = framing.createWriter();
  return [...parts.flatMap((part) => encoder.push(part)).map((event) => writer.write(event)), writer.end()].map((bytes) => Buffer.from(bytes));
}

interface Pair {
  from: Protocol;
  to: Protocol;
  chunks: Buffer[];
  /** CPU time of all turns, in microseconds. */
  micros: number;
}

function carry({ from, to, chunks }: Pair): void {
  const relay = createStreamRelay(
    {
      from: { protocol: from, framing: from.framing },
      to: { protocol: to, framing: to.framing },
      finish: (part) => [part],
      storedIds: undefined,
      observe: () => {},
      filter: undefined,
      options,
    },
    { cut: () => [], failed: () => [] },
  );
  for (const chunk of chunks) relay.push(chunk, false);
  relay.push(Buffer.alloc(0), true);
  if (relay.ended !== 'complete') throw new Error(`${from.name} to ${to.name} ended ${relay.ended}`);
}

function turn(pair: Pair): void {
  const before = process.cpuUsage();
  for (let count = 0; count < streamsPerTurn; count += 1) carry(pair);
  const { user, system } = process.cpuUsage(before);
  pair.micros += user + system;
}

const chat = clientProtocols.filter(({ operation, name }) => operation === 'chat' && name !== 'openai-completions');
const pairs = chat.flatMap((from) => chat.map((to): Pair => ({ from, to, chunks: chunksOf(from), micros: 0 })));

for (let count = 0; count < 3; count += 1) for (const pair of pairs) turn(pair); // warm up
for (const pair of pairs) pair.micros = 0;
for (let count = 0; count < turns; count += 1) for (const pair of pairs) turn(pair);

const perStream = ({ micros }: Pair): number => micros / turns / streamsPerTurn;
process.stdout.write(`CPU per stream of ${parts.length} parts, each event a chunk: from a provider's protocol (rows) to a client's (columns),\n`);
process.stdout.write('as a ratio to passing the same stream through to a client of the provider’s own protocol.\n\n');
process.stdout.write(`| | ${chat.map(({ name }) => name).join(' | ')} | passed through |\n|${'---|'.repeat(chat.length + 2)}\n`);
for (const from of chat) {
  const row = pairs.filter((pair) => pair.from === from);
  const own = row.find((pair) => pair.to === from);
  if (own === undefined) continue;
  const ratios = row.map((pair) => (perStream(pair) / perStream(own)).toFixed(2));
  process.stdout.write(`| ${from.name} | ${ratios.join(' | ')} | ${perStream(own).toFixed(0)} µs |\n`);
}
