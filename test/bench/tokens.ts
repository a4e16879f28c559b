import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { countTokens } from '../../src/routing/tokens/count.ts';
import { estimateTokens, maxCountedBytes } from '../../src/routing/tokens/estimate.ts';
import { loadTokenizer, vocabulary } from '../../src/routing/tokens/vocabulary.ts';
import { writePage } from './page.ts';
import { formatTable, median } from './report.ts';

// `npm run bench:tokens`: what it costs to know how many tokens a text has. docs/benchmarks.md says how to read it.

const bytes = 100_000;
const turns = 21;
/** The longest time that an estimate should keep everything else waiting, for text that people and programs write. */
const aimMs = 2;

/** The same numbers in every run, from 0 up to a bound. */
let seed = 12_345;
function drawn(below: number): number {
  seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fff_ffff;
  return seed % below;
}

const many = (unit: () => string): string => {
  let text = '';
  for (let size = 0; size < bytes;) {
    const next = unit();
    text += next;
    size += Buffer.byteLength(next);
  }
  return text;
};
const file = (path: string): string => {
  const content = readFileSync(path, 'utf8');
  return Buffer.from(many(() => content)).toString('utf8', 0, bytes);
};
const letters = 'abcdefghijklmnopqrstuvwxyz';
const base64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const chinese = '会议记录显示,公司去年的收入增长了百分之十二,主要来自海外市场。董事会决定继续投资新产品,并在明年扩大团队规模。';

interface Sample {
  name: string;
  text: string;
  /** Whether people and programs write such text. */
  isUsual: boolean;
  passMs: number[];
  countMs: number[];
  estimateMs: number[];
  longestMs: number[];
}

const sample = (name: string, text: string, isUsual = true): Sample => ({
  ...{ name, text, isUsual },
  ...{ passMs: [], countMs: [], estimateMs: [], longestMs: [] },
});

const samples = [
  sample('prose', file('ARCHITECTURE.md')),
  sample('a program', file('src/framing/json.ts')),
  sample('JSON', file('package-lock.json')),
  sample(
    'Chinese',
    many(() => chinese),
  ),
  sample(
    'base64',
    many(() => base64.charAt(drawn(64))),
  ),
  sample(
    'one letter, 100,000 times',
    many(() => 'a'),
    false,
  ),
  sample(
    'spaces',
    many(() => ' '),
    false,
  ),
  sample(
    'letters at random, no space',
    many(() => letters.charAt(drawn(26))),
    false,
  ),
  sample(
    'signs at random',
    many(() => '!@#$%^&*()-=+'.charAt(drawn(13))),
    false,
  ),
  sample(
    'Chinese characters at random',
    many(() => String.fromCharCode(0x4e00 + drawn(20_000))),
    false,
  ),
];

function timed(times: number[], work: () => void): void {
  const start = performance.now();
  work();
  times.push(performance.now() - start);
}

/** What there is to compare with: each byte is looked at once. */
function pass(buffer: Buffer): number {
  let sum = 0;
  for (let at = 0; at < buffer.length; at++) sum += buffer[at] ?? 0;
  return sum;
}

const before = process.memoryUsage.rss();
const loadMs: number[] = [];
const start = performance.now();
await loadTokenizer();
loadMs.push(performance.now() - start);
const loadMib = (process.memoryUsage.rss() - before) / 2 ** 20;
const words = vocabulary();
if (words === undefined) throw new Error('the vocabulary was not read');

function turn(each: Sample): void {
  const { text } = each;
  const buffer = Buffer.from(text);
  const longest = buffer.toString('utf8', 0, maxCountedBytes - 2);
  timed(each.passMs, () => void pass(buffer));
  timed(each.countMs, () => void (words && countTokens(text, words)));
  timed(each.estimateMs, () => void estimateTokens(text));
  timed(each.longestMs, () => void estimateTokens(longest));
}

for (let count = 0; count < 3; count += 1) for (const each of samples) turn(each); // warm up
for (const each of samples) for (const times of [each.passMs, each.countMs, each.estimateMs, each.longestMs]) times.length = 0;
for (let count = 0; count < turns; count += 1) for (const each of samples) turn(each);

function toRow({ name, text, passMs, countMs, estimateMs, longestMs }: Sample): string[] {
  const tokens = words === undefined ? 0 : countTokens(text, words);
  const ratio = (times: number[]): string => median(times.map((ms, index) => ms / (passMs[index] ?? ms))).toFixed(0);
  const error = (estimateTokens(text).tokens / tokens - 1) * 100;
  return [
    name,
    String(tokens),
    median(countMs).toFixed(1),
    ratio(countMs),
    median(estimateMs).toFixed(2),
    ratio(estimateMs),
    `${error < 0 ? '' : '+'}${error.toFixed(1)} %`,
    median(longestMs).toFixed(2),
  ];
}

const { values } = parseArgs({ options: { markdown: { type: 'string' } } });
const head = ['100 kB of', 'tokens', 'all counted, ms', 'x a pass', 'estimated, ms', 'x a pass', 'off by', 'longest exact, ms'];
const longest = Math.max(
  ...samples.filter(({ isUsual }) => isUsual).map(({ longestMs, estimateMs }) => Math.max(median(longestMs), median(estimateMs))),
);
const setting = `Node ${process.version}, ${cpus()[0]?.model ?? 'unknown CPU'}; medians of ${turns} turns. The vocabulary took ${median(loadMs).toFixed(0)} ms and ${loadMib.toFixed(0)} MiB to read, once.`;
const table = formatTable([head, ...samples.map(toRow)]);
const verdict = `The longest estimate of usual text takes ${longest.toFixed(2)} ms; the aim, at most ${aimMs} ms, is ${longest <= aimMs ? 'met' : 'NOT met'}.`;
console.log([setting, table, verdict].join('\n\n'));
if (values.markdown !== undefined) writePage(values.markdown, 'bench-tokens', [setting, table, verdict]);
