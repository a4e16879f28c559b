import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buckets, createCalendar } from './calendar.ts';

const at = (text: string): number => Date.parse(text);
const iso = (instant: number): string => new Date(instant).toISOString();

describe('buckets', () => {
  test.each([
    ['UTC', 'hour', '2026-11-21T13:45:00Z', '2026-11-21T13:00Z', '2026-11-21T13:00:00.000Z', '2026-11-21T14:00:00.000Z'],
    ['UTC', 'week', '2026-11-22T23:59:59Z', '2026-11-16', '2026-11-16T00:00:00.000Z', '2026-11-23T00:00:00.000Z'],
    ['Europe/Berlin', 'month', '2026-10-31T23:00:00Z', '2026-11', '2026-10-31T23:00:00.000Z', '2026-11-30T23:00:00.000Z'],
    ['Europe/Berlin', 'day', '2026-10-25T12:00:00Z', '2026-10-25', '2026-10-24T22:00:00.000Z', '2026-10-25T23:00:00.000Z'],
    ['Asia/Kolkata', 'hour', '2026-11-21T13:45:00Z', '2026-11-21T19:00+05:30', '2026-11-21T13:30:00.000Z', '2026-11-21T14:30:00.000Z'],
    ['America/New_York', 'month', '2026-12-01T04:59:59Z', '2026-11', '2026-11-01T04:00:00.000Z', '2026-12-01T05:00:00.000Z'],
  ] as const)('in %s a %s that holds %s is %s', (zone, bucket, instant, ...[name, from, to]) => {
    const span = createCalendar(zone).bucketOf(bucket, at(instant));
    expect({ ...span, from: iso(span.from), to: iso(span.to) }).toEqual({ name, from, to });
  });

  test('an hour that comes twice is two buckets', () => {
    const { bucketOf } = createCalendar('Europe/Berlin');
    expect([bucketOf('hour', at('2026-10-25T00:30:00Z')).name, bucketOf('hour', at('2026-10-25T01:30:00Z')).name]).toEqual([
      '2026-10-25T02:00+02:00',
      '2026-10-25T02:00+01:00',
    ]);
  });

  test('a day whose midnight is skipped begins when the clock has passed it', () => {
    // Beirut goes from 2026-03-29T00:00+02:00 to 01:00+03:00.
    expect(iso(createCalendar('Asia/Beirut').startOfDay(2026, 3, 29))).toBe('2026-03-28T22:00:00.000Z');
  });

  test('every instant lies in its bucket, and what follows a bucket is the next one', () => {
    const zones = ['UTC', 'Europe/Berlin', 'America/Sao_Paulo', 'Asia/Beirut', 'Australia/Lord_Howe', 'Pacific/Apia'].map(createCalendar);
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.constantFrom(...buckets.slice(1)),
        fc.integer({ min: at('2000-01-01'), max: at('2040-01-01') }),
        ({ bucketOf }, bucket, instant) => {
          const span = bucketOf(bucket, instant);
          expect(span.from <= instant && instant < span.to).toBe(true);
          expect(bucketOf(bucket, span.from)).toEqual(span);
          expect(bucketOf(bucket, span.to).from).toBe(span.to);
        },
      ),
    );
  });
});

test('an unknown zone is a RangeError', () => {
  expect(() => createCalendar('Mars/Olympus')).toThrow(RangeError);
});
