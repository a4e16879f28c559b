import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createBodyMemory, outOfBodyMemory, type Hold } from './body-memory.ts';

test('gives out no more than its bound, and again what was given back', () => {
  const memory = createBodyMemory(100);
  const first = memory.take(60);
  expect(memory.take(41)).toBeUndefined();
  expect(memory.take(40)).toBeDefined();
  first?.release();
  expect(memory.used).toBe(40);
  expect(memory.take(60)).toBeDefined();
  expect(memory.stats()).toEqual({ usedBytes: 100, maxBytes: 100, refused: 1 });
});

test('a hold grows where there is room, and gives all back once', () => {
  const memory = createBodyMemory(100);
  const hold = memory.take(10);
  expect([hold?.grow(80), hold?.grow(11), memory.used]).toEqual([true, false, 90]);
  hold?.release();
  hold?.release();
  hold?.resize(50);
  expect([hold?.grow(1), memory.used]).toEqual([false, 0]);
});

test('what cannot be refused is counted beyond the bound, and leaves no room for others', () => {
  const memory = createBodyMemory(100);
  const hold = memory.take(10);
  hold?.resize(150);
  expect([memory.used, memory.take(1)]).toEqual([150, undefined]);
  hold?.resize(20);
  expect(memory.used).toBe(20);
});

test('a lower bound takes nothing from those who hold, and refuses the next', () => {
  const memory = createBodyMemory(100);
  memory.take(80);
  memory.reconfigure(50);
  expect([memory.used, memory.take(1)]).toEqual([80, undefined]);
});

test('who is refused hears a 503 that says when to come back', () => {
  expect(outOfBodyMemory()).toMatchObject({ code: 'overloaded', status: 503, retryable: true, retryAfterSeconds: 5 });
});

test('whatever is taken, grown, resized and released: it counts exactly what is held, and gives nothing beyond the bound', () => {
  const anyStep = fc.record({ type: fc.constantFrom('take', 'grow', 'resize', 'release'), which: fc.nat(), bytes: fc.nat(60) });
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 100 }), (steps) => {
      const memory = createBodyMemory(100);
      const holds: { hold: Hold; bytes: number }[] = [];
      const held = (): number => holds.reduce((sum, { bytes }) => sum + bytes, 0);
      for (const { type, which, bytes } of steps) {
        const fits = held() + bytes <= 100;
        const one = holds[which % Math.max(holds.length, 1)];
        if (type === 'take') {
          const hold = memory.take(bytes);
          expect(hold !== undefined).toBe(fits);
          if (hold !== undefined) holds.push({ hold, bytes });
        } else if (one !== undefined && type === 'grow') {
          expect(one.hold.grow(bytes)).toBe(fits);
          if (fits) one.bytes += bytes;
        } else if (one !== undefined && type === 'resize') {
          one.hold.resize(bytes);
          one.bytes = bytes;
        } else if (one !== undefined) {
          one.hold.release();
          holds.splice(holds.indexOf(one), 1);
        }
        expect(memory.used).toBe(held());
      }
      for (const { hold } of holds) hold.release();
      expect(memory.used).toBe(0);
    }),
  );
});
