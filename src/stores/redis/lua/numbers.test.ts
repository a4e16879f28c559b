import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { useRealRedis } from '../real-redis.fixture.ts';
import { redisMissing } from '../server.fixture.ts';
import { numbers } from './numbers.ts';

describe.skipIf(redisMissing !== undefined)('whole numbers in Lua', { timeout: 60_000 }, () => {
  const redis = useRealRedis();
  const run = (lua: string, ...args: (string | number)[]): Promise<unknown> => redis.client().eval(`${numbers}${lua}`, 0, ...args);
  const edges = [0n, 1n, 999_999_999_999_999n, 1_000_000_000_000_000n, 1_000_000_000_000_001n, 2n ** 53n - 1n, 10n ** 18n, 2n ** 63n];
  const any = fc.oneof(
    fc.bigInt({ min: -(10n ** 22n), max: 10n ** 22n }),
    fc.tuple(fc.constantFrom(...edges), fc.constantFrom(1n, -1n), fc.bigInt({ min: -2n, max: 2n })).map(([edge, sign, more]) => edge * sign + more),
  );
  const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);

  test('add up, compare and come out as they went in, to the last unit', async () => {
    const lua = `local a, b = ofText(ARGV[1]), ofText(ARGV[2])
      return {toText(a), toText(plus(a, b)), toText(minus(a, b)), toText(smaller(a, b)), toText(positive(a)), isLess(a, b) and 1 or 0, isSame(a, b) and 1 or 0}`;
    await fc.assert(
      fc.asyncProperty(any, any, async (a, b) => {
        const [own, sum, difference, smaller, positive, isLess, isSame] = [
          a,
          a + b,
          a - b,
          least(a, b),
          a < 0n ? 0n : a,
          a < b ? 1 : 0,
          a === b ? 1 : 0,
        ];
        expect(await run(lua, String(a), String(b))).toEqual([...[own, sum, difference, smaller, positive].map(String), isLess, isSame]);
      }),
      { numRuns: 2000 },
    );
  });

  test('are divided without rounding up', async () => {
    await fc.assert(
      fc.asyncProperty(fc.maxSafeNat(), fc.integer({ min: 1, max: 10 ** 11 }), async (a, b) => {
        expect(await run(`return format('%.0f', quotient(tonumber(ARGV[1]), tonumber(ARGV[2])))`, a, b)).toBe(String(BigInt(a) / BigInt(b)));
      }),
      { numRuns: 1000 },
    );
  });
});
