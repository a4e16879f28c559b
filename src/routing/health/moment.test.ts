import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readMoment } from './moment.ts';

const now = Date.UTC(2026, 10, 15, 12);

test.each([
  ['20', 20_000],
  ['0', 0],
  ['0.5', 500],
  [' 33011.382867 ', 33_011_382.867],
  ['1s', 1000],
  ['6m0s', 360_000],
  ['2m59.56s', 179_560],
  ['7.66s', 7660],
  ['12ms', 12],
  ['1h2m3s', 3_723_000],
  ['2d', 172_800_000],
  [String(now / 1000 + 30), 30_000],
  [String(now + 30_000), 30_000],
  ['2026-11-15T12:00:30Z', 30_000],
  ['2026-11-15T13:00:30+01:00', 30_000],
  ['Sun, 15 Nov 2026 12:00:30 GMT', 30_000],
  ['Sun, 15 Nov 2026 11:59:30 GMT', -30_000],
])('"%s" is %d ms from now', (text, ms) => {
  expect(readMoment(text, now)).toBeCloseTo(now + ms, 3);
});

test.each(['', ' ', 'soon', '-1', '1x', 's', '5 minutes', '1s2', 'NaN', 'Infinity', '1'.repeat(400), '1s'.repeat(40)])('"%s" is no time', (text) => {
  expect(readMoment(text, now)).toBeUndefined();
});

test('reads any text in no time, as a finite number or as none', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ maxLength: 80 }), fc.stringMatching(/^[0-9.smhd]{0,64}$/)), (text) => {
      const moment = readMoment(text, now);
      expect(moment === undefined || Number.isFinite(moment)).toBe(true);
    }),
  );
});
