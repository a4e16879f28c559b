import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import type { Part } from '../../src/llm/part.ts';
import { noUsage } from '../../src/llm/usage.ts';
import type { Protocol } from '../../src/protocols/protocol.ts';
import { clientProtocols } from '../../src/protocols/registry.ts';
import { createStreamRelay } from '../../src/protocols/relay.ts';
import { writePage } from './page.ts';
import { formatTable, median } from './report.ts';

// `npm run bench:protocols`: what it costs to carry a stream from one protocol to another. docs/benchmarks.md says how to read it.

/** Deltas of each stream. */
const deltas = 200;
/** Streams per turn; turns of all pairs alternate, so that what disturbs the machine disturbs them all alike. */
const streamsPerTurn = 20;
const turns = 25;
/** The aim for each pair, as a multiple of passing. */
const aim = 1.5;

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
  /** CPU time of a stream in each turn, in microseconds. */
  micros: number[];
}

function carry({ from, to, chunks }: Pair): void {
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
  pair.micros.push((user + system) / streamsPerTurn);
}

/** A pair's CPU time as a ratio to another's: the median of the turns, each compared with the other's of the same turn. */
const ratio = (pair: Pair, other: Pair): number => median(pair.micros.map((micros, index) => micros / (other.micros[index] ?? micros)));

/** One row per provider's protocol: a ratio per client's, and what passing costs. */
function toRow(from: Protocol, own: Pair): string[] {
  const ratios = pairs.filter((pair) => pair.from === from).map((pair) => ratio(pair, own).toFixed(2));
  return [from.name, ...ratios, median(own.micros).toFixed(0)];
}

const chat = clientProtocols.filter(({ operation, name }) => operation === 'chat' && name !== 'openai-completions');
const pairs = chat.flatMap((from) => chat.map((to): Pair => ({ from, to, chunks: chunksOf(from), micros: [] })));

for (let count = 0; count < 3; count += 1) for (const pair of pairs) turn(pair); // warm up
for (const pair of pairs) pair.micros = [];
for (let count = 0; count < turns; count += 1) for (const pair of pairs) turn(pair);

const passing = pairs.filter(({ from, to }) => from === to);
const rows = passing.map((own) => toRow(own.from, own));
const ratios = pairs.map((pair) => ratio(pair, passing.find(({ from }) => from === pair.from) ?? pair));
const worst = Math.max(...ratios);

const { values } = parseArgs({ options: { markdown: { type: 'string' } } });
const setting = `Node ${process.version}, ${cpus()[0]?.model ?? 'unknown CPU'}; ${parts.length} parts, medians of ${turns} turns of ${streamsPerTurn} streams.`;
const table = formatTable([['from \\ to', ...chat.map(({ name }) => name), 'passing, µs'], ...rows]);
const verdict = `The worst pair takes ${worst.toFixed(2)} x what passing takes; the aim, at most ${aim} x, is ${worst <= aim ? 'met' : 'NOT met'} (${ratios.filter((each) => each <= aim).length} of ${ratios.length} pairs meet it).`;
console.log([setting, table, verdict].join('\n\n'));
if (values.markdown !== undefined) writePage(values.markdown, 'bench-protocols', [setting, table, verdict]);
