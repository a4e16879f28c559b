import { expect, test } from 'vitest';
import { limitHeaders, readLimits, readWait } from './limit-headers.ts';

const now = Date.UTC(2026, 10, 15, 12);
const headers = (fields: Record<string, string>): ReadonlyMap<string, string> => new Map(Object.entries(fields));
const shares = (fields: Record<string, string>): [share: number, inMs: number][] =>
  readLimits(headers(fields), now).map(({ share, resetsAt }) => [share, resetsAt - now]);

test.each<[vendor: string, fields: Record<string, string>, shares: [share: number, inMs: number][]]>([
  [
    'OpenAI',
    {
      'x-ratelimit-limit-requests': '60',
      'x-ratelimit-remaining-requests': '59',
      'x-ratelimit-reset-requests': '1s',
      'x-ratelimit-limit-tokens': '150000',
      'x-ratelimit-remaining-tokens': '75000',
      'x-ratelimit-reset-tokens': '6m0s',
    },
    [
      [59 / 60, 1000],
      [0.5, 360_000],
    ],
  ],
  ['Azure, which may leave out when', { 'x-ratelimit-limit-tokens': '1000', 'x-ratelimit-remaining-tokens': '250' }, [[0.25, 60_000]]],
  ['Azure where it has no limit', { 'x-ratelimit-limit-tokens': '-1', 'x-ratelimit-remaining-tokens': '-1', 'x-ratelimit-reset-tokens': '0' }, []],
  ['Groq', { 'x-ratelimit-limit-tokens': '6000', 'x-ratelimit-remaining-tokens': '1500', 'x-ratelimit-reset-tokens': '7.66s' }, [[0.25, 7660]]],
  [
    'Anthropic',
    {
      'anthropic-ratelimit-requests-limit': '50',
      'anthropic-ratelimit-requests-remaining': '5',
      'anthropic-ratelimit-requests-reset': '2026-11-15T12:00:12Z',
      'anthropic-ratelimit-output-tokens-limit': '8000',
      'anthropic-ratelimit-output-tokens-remaining': '8000',
      'anthropic-ratelimit-output-tokens-reset': '2026-11-15T12:00:00Z',
    },
    [
      [0.1, 12_000],
      [1, 0],
    ],
  ],
  ['Mistral', { 'x-ratelimit-limit-req-minute': '720', 'x-ratelimit-remaining-req-minute': '180' }, [[0.25, 60_000]]],
  [
    'Cerebras',
    {
      'x-ratelimit-limit-requests-day': '1000000000',
      'x-ratelimit-remaining-requests-day': '500000000',
      'x-ratelimit-reset-requests-day': '33011.382867',
    },
    [[0.5, 33_011_382.867]],
  ],
  ['Fireworks', { 'x-ratelimit-limit-tokens-generated': '72000', 'x-ratelimit-remaining-tokens-generated': '36000' }, [[0.5, 60_000]]],
  ['OpenRouter', { 'x-ratelimit-limit': '50', 'x-ratelimit-remaining': '10', 'x-ratelimit-reset': String(now + 3_600_000) }, [[0.2, 3_600_000]]],
  ['Together', { 'x-tokenlimit-limit': '100', 'x-tokenlimit-remaining': '30', 'x-tokenlimit-reset': '2' }, [[0.3, 2000]]],
])('reads what is left from %s', (_vendor, fields, expected) => {
  const read = shares(fields);
  expect(read.map(([share]) => share)).toEqual(expected.map(([share]) => share));
  for (const [index, [, ms]] of read.entries()) expect(ms).toBeCloseTo(expected[index]?.[1] ?? -1, 3);
  for (const name of Object.keys(fields)) expect(limitHeaders).toContain(name);
});

test.each([
  { 'x-ratelimit-limit-tokens': '100' },
  { 'x-ratelimit-remaining-tokens': '100' },
  { 'x-ratelimit-limit-tokens': '0', 'x-ratelimit-remaining-tokens': '0' },
  { 'x-ratelimit-limit-tokens': 'many', 'x-ratelimit-remaining-tokens': '1' },
  { 'ratelimit-limit': '100, 100;w=60', 'ratelimit-remaining': '5' },
  { 'x-ratelimit-limit-bananas': '100', 'x-ratelimit-remaining-bananas': '1' },
])('makes nothing of %o', (fields) => {
  expect(shares(fields)).toEqual([]);
});

test('more left than there is counts as all', () => {
  expect(shares({ 'x-ratelimit-limit': '10', 'x-ratelimit-remaining': '12' })).toEqual([[1, 60_000]]);
});

const openaiSpent = { 'x-ratelimit-limit-tokens': '100', 'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-reset-tokens': '9s' };

test.each<[what: string, fields: Record<string, string>, ms: number | undefined]>([
  ['seconds', { 'retry-after': '20' }, 20_000],
  ['a date', { 'retry-after': 'Sun, 15 Nov 2026 12:00:30 GMT' }, 30_000],
  ['a date that is past', { 'retry-after': 'Sun, 15 Nov 2026 11:00:00 GMT' }, 0],
  ['milliseconds, which are the more precise', { 'retry-after-ms': '350', 'retry-after': '1' }, 350],
  ['the reset of what is used up', openaiSpent, 9000],
  ['what it says rather than a reset', { ...openaiSpent, 'retry-after': '2' }, 2000],
  ['no reset of what is not used up', { ...openaiSpent, 'x-ratelimit-remaining-tokens': '50' }, undefined],
  ['no reset that is not told', { 'x-ratelimit-limit-tokens': '100', 'x-ratelimit-remaining-tokens': '0' }, undefined],
  ['nothing it cannot read', { 'retry-after': 'soon' }, undefined],
  ['nothing', {}, undefined],
])('waits for %s', (_what, fields, ms) => {
  expect(readWait(headers(fields), now)).toBe(ms);
});
