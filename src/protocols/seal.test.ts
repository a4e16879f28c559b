import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createSeals, maxSealedLength, sealPrefix, type Sealed } from './seal.ts';

const [first, second] = ['a'.repeat(32), 'b'.repeat(32)] as const;
const sealFor = createSeals([first], randomBytes);
const state: Sealed = { type: 'state', state: { origin: 'google', kind: 'signature', value: 'Ci8BVKhc7v==' } };

const sealed = (value: Sealed, tenant = 'clinic'): string => {
  const text = sealFor(tenant).seal(value);
  if (text === undefined) throw new Error('too large');
  return text;
};

test('what was sealed is opened by every replica with the same secret, and fits where ids of tool calls stand', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 2000 }), fc.string(), (value, id) => {
      const call: Sealed = { type: 'call', id, reasoning: [{ text: value, state: { origin: 'anthropic', kind: 'signature', value } }] };
      const text = sealed(call);
      expect(text).toMatch(/^rmr1_[A-Za-z0-9_-]+$/);
      expect(createSeals([first], randomBytes)('clinic').open(text)).toEqual(call);
    }),
  );
});

describe('a sealed text is refused', () => {
  test('that was changed in any character', () => {
    const text = sealed(state);
    const changed = Array.from(text, (character, at) => text.slice(0, at) + (character === 'A' ? 'B' : 'A') + text.slice(at + 1));
    expect(changed.map((each) => sealFor('clinic').open(each))).toEqual(changed.map(() => undefined));
  });

  test("that is another tenant's", () => {
    expect(sealFor('rival').open(sealed(state))).toBeUndefined();
  });

  test('that was cut, is empty, or was never ours', () => {
    for (const text of [
      '',
      'call_1',
      sealPrefix,
      `${sealPrefix}AAAA`,
      sealed(state).slice(0, -5),
      `${sealed(state)}=`,
      sealed(state).replace('_', '_!'),
      `${sealPrefix}${'A'.repeat(maxSealedLength + 1)}`,
    ]) {
      expect(sealFor('clinic').open(text)).toBeUndefined();
    }
  });
});

test('the secret before the current one still opens, an older one does not', () => {
  const text = sealed(state);
  expect(createSeals([second, first], randomBytes)('clinic').open(text)).toEqual(state);
  expect(createSeals([second], randomBytes)('clinic').open(text)).toBeUndefined();
});

test('a value that would make the text too long is not sealed', () => {
  const value = randomBytes(maxSealedLength).toString('base64');
  expect(sealFor('clinic').seal({ type: 'state', state: { origin: 'openai', kind: 'encrypted', value } })).toBeUndefined();
});

test('the same value is sealed differently each time', () => {
  expect(sealed(state)).not.toBe(sealed(state));
});
