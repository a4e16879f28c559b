import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { periods, type Period } from '../policies/terms.ts';
import { periodOf } from './period.ts';

const hourMs = 3_600_000;
const at = (text: string): number => new Date(text).getTime();
const shown = (now: string, per: Period, timeZone: string) => {
  const { name, from, to } = periodOf(at(now), per, timeZone);
  return [name, new Date(from).toISOString(), new Date(to).toISOString()];
};

describe('a period is one of the calendar in the time zone', () => {
  test.for<[per: Period, name: string, from: string, to: string]>([
    ['day', '2026-11-22', '2026-11-21T23:00:00.000Z', '2026-11-22T23:00:00.000Z'],
    ['week', '2026-W47', '2026-11-15T23:00:00.000Z', '2026-11-22T23:00:00.000Z'],
    ['month', '2026-11', '2026-10-31T23:00:00.000Z', '2026-11-30T23:00:00.000Z'],
    ['quarter', '2026-Q4', '2026-09-30T22:00:00.000Z', '2026-12-31T23:00:00.000Z'],
    ['year', '2026', '2025-12-31T23:00:00.000Z', '2026-12-31T23:00:00.000Z'],
  ])('%s', ([per, name, from, to]) => {
    expect(shown('2026-11-21T23:30:00Z', per, 'Europe/Berlin')).toEqual([name, from, to]);
  });

  test('total never ends', () => {
    expect(periodOf(at('2026-11-21T23:30:00Z'), 'total', 'UTC')).toEqual({ name: 'total', from: 0, to: Number.MAX_SAFE_INTEGER });
  });

  test.for([
    ['2027-01-01T00:00:00Z', '2026-W53'],
    ['2024-12-30T00:00:00Z', '2025-W01'],
    ['2026-01-01T00:00:00Z', '2026-W01'],
    ['2022-01-02T23:59:59Z', '2021-W52'],
  ])('ISO weeks belong to the year of their Thursday: %s', ([now = '', name]) => {
    expect(periodOf(at(now), 'week', 'UTC').name).toBe(name);
  });
});

describe('days have as many hours as the zone gives them', () => {
  test.for<[now: string, timeZone: string, from: string, hours: number]>([
    ['2026-03-29T12:00:00Z', 'Europe/Berlin', '2026-03-28T23:00:00.000Z', 23],
    ['2026-10-25T12:00:00Z', 'Europe/Berlin', '2026-10-24T22:00:00.000Z', 25],
    ['2026-10-03T20:00:00Z', 'Australia/Lord_Howe', '2026-10-03T13:30:00.000Z', 23.5],
    ['2026-11-21T12:00:00Z', 'Asia/Kathmandu', '2026-11-20T18:15:00.000Z', 24],
    ['2026-11-21T12:00:00Z', 'Asia/Kolkata', '2026-11-20T18:30:00.000Z', 24],
    // No midnight: clocks go from 00:00 to 01:00.
    ['2026-03-08T12:00:00Z', 'America/Havana', '2026-03-08T05:00:00.000Z', 23],
    ['2026-03-29T12:00:00Z', 'Asia/Beirut', '2026-03-28T22:00:00.000Z', 23],
    // Two midnights: clocks go from 01:00 back to 00:00.
    ['2026-11-01T12:00:00Z', 'America/Havana', '2026-11-01T04:00:00.000Z', 25],
    // No 30th of December.
    ['2011-12-30T00:00:00Z', 'Pacific/Apia', '2011-12-29T10:00:00.000Z', 24],
  ])('%s in %s', ([now, timeZone, from, hours]) => {
    const period = periodOf(at(now), 'day', timeZone);
    expect([new Date(period.from).toISOString(), (period.to - period.from) / hourMs]).toEqual([from, hours]);
  });
});

test('a clock set back finds the earlier period again', () => {
  const before = periodOf(at('2026-11-30T22:59:59Z'), 'month', 'Europe/Berlin');
  expect(periodOf(at('2026-11-30T23:00:00Z'), 'month', 'Europe/Berlin').name).toBe('2026-12');
  expect(periodOf(at('2026-11-30T22:59:59Z'), 'month', 'Europe/Berlin')).toEqual(before);
});

test('within a period the same object is given: no date is reckoned', () => {
  expect(periodOf(at('2026-11-02T00:00:00Z'), 'month', 'Asia/Tokyo')).toBe(periodOf(at('2026-11-29T00:00:00Z'), 'month', 'Asia/Tokyo'));
});

test('an unknown zone throws', () => {
  expect(() => periodOf(0, 'day', 'Mars/Olympus')).toThrow(RangeError);
});

test('in every zone, a period holds its instant, and periods follow each other without a gap', () => {
  const zones = fc.constantFrom('UTC', ...Intl.supportedValuesOf('timeZone'));
  const instant = fc.integer({ min: at('1995-01-01T00:00:00Z'), max: at('2040-01-01T00:00:00Z') });
  fc.assert(
    fc.property(zones, instant, fc.constantFrom(...periods.filter((per) => per !== 'total')), (zone, now, per) => {
      const { name, from, to } = periodOf(now, per, zone);
      expect(from <= now && now < to).toBe(true);
      const next = periodOf(to, per, zone);
      expect([next.from, next.name === name]).toEqual([to, false]);
      expect(periodOf(from - 1, per, zone).to).toBe(from);
      expect(periodOf(from, per, zone)).toEqual({ name, from, to });
    }),
    { numRuns: 500 },
  );
});
