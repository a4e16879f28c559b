import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Part, TextPart } from '../../llm/part.ts';
import { Placeholders } from './placeholders.ts';
import { Restorer } from './restore.ts';

const email = 'bob@example.com';
const phone = '+1 212 555 1234';

function restorer(originals: readonly string[] = [email], texts: readonly string[] = []): Restorer {
  const placeholders = new Placeholders();
  for (const text of texts) placeholders.reserve(text);
  for (const original of originals) placeholders.of(original.includes('@') ? 'email' : 'phone', original);
  return new Restorer(placeholders);
}

const text = (content: string, block = 0, type: TextPart['type'] = 'text', choice = 0): TextPart => ({ type, choice, block, text: content });
const blockEnd = (block = 0, choice = 0): Part => ({ type: 'block-end', choice, block });
const finish = (choice = 0): Part => ({ type: 'finish', choice, reason: { unified: 'stop', raw: 'stop' } });

const run = (parts: readonly Part[], subject = restorer()): Part[] => parts.flatMap((part) => [...subject.push(part)]);

/** The text of each block, by type. */
function collected(parts: readonly Part[]): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const part of parts) if ('text' in part) texts[`${part.type} ${part.block}`] = (texts[`${part.type} ${part.block}`] ?? '') + part.text;
  return texts;
}

/** A text cut at these places. */
function cut(whole: string, places: readonly number[]): string[] {
  const sorted = [...new Set(places.map((place) => place % (whole.length + 1)))].toSorted((a, b) => a - b);
  return [0, ...sorted].map((from, index) => whole.slice(from, sorted[index] ?? whole.length));
}

describe('a part', () => {
  test.each([
    text('hello'),
    text(''),
    text('a [list] [1]'),
    text('[EMAIL_9]'),
    text('[EMAIL_1]', 0, 'reasoning'),
    blockEnd(),
    finish(),
    { type: 'end' } as const,
  ])('that needs no change comes back as the same object: %o', (part) => {
    const parts = restorer().push(part);
    expect(parts).toHaveLength(1);
    expect(parts[0]).toBe(part);
  });

  test('keeps its place when its text is restored', () => {
    expect(run([text('to [EMAIL_1]!', 3, 'refusal', 1)])).toEqual([text(`to ${email}!`, 3, 'refusal', 1)]);
  });

  test('of which all is kept back is not passed on', () => {
    const subject = restorer();
    expect(subject.push(text('[EMAIL'))).toEqual([]);
    expect(subject.push(text('_1]'))).toEqual([text(email)]);
  });

  test('gives what cannot become a placeholder at once, and keeps no more than the tail that can', () => {
    const subject = restorer();
    expect(subject.push(text('see [a] and ['))).toEqual([text('see [a] and ')]);
    expect(subject.push(text('E'))).toEqual([]);
    expect(subject.push(text('MPTY'))).toEqual([text('[EMPTY')]);
    expect(subject.push(text('[EMAIL_2'))).toEqual([text('[EMAIL_2')]);
  });
});

describe('what was kept back comes out before', () => {
  test.each([blockEnd(), finish(), { type: 'end' } as const, { type: 'error', failure: { status: 500, type: '', message: '' } } as const])(
    '%o',
    (part) => {
      expect(run([text('x [EMAIL_'), part])).toEqual([text('x '), text('[EMAIL_'), part]);
    },
  );

  test('text of another type in its block', () => {
    expect(run([text('[EM'), text('no', 0, 'refusal')])).toEqual([text('[EM'), text('no', 0, 'refusal')]);
  });

  test('only the end of its own block or choice', () => {
    const parts: Part[] = [
      text('[EMA', 0),
      text('[EMA', 1, 'text', 1),
      blockEnd(5),
      { type: 'start', id: '', model: '' },
      finish(1),
      text('IL_1]', 0),
    ];
    expect(run(parts)).toEqual([blockEnd(5), { type: 'start', id: '', model: '' }, text('[EMA', 1, 'text', 1), finish(1), text(email, 0)]);
  });
});

test('originals are escaped in the JSON of tool arguments', () => {
  const original = 'a"\\@b\n@example.com';
  const [part] = run([text('{"to":"[EMAIL_1]"}', 0, 'tool-arguments')], restorer([original]));
  expect(part !== undefined && 'text' in part && JSON.parse(part.text)).toEqual({ to: original });
});

test('a placeholder that another one begins with is told apart', () => {
  const originals = Array.from({ length: 12 }, (_, index) => `user${index + 1}@example.com`);
  expect(collected(run([text('[EMAIL_1'), text('2] [EMAIL_1'), text('] [EMAIL_1'), text('3]')], restorer(originals)))).toEqual({
    'text 0': 'user12@example.com user1@example.com [EMAIL_13]',
  });
});

const pieces = fc.array(
  fc.oneof(
    fc.constantFrom('[EMAIL_1]', '[PHONE_1]', '[EMAIL_2]', '[EMAIL_', '[', ']', '[[', '_1]', 'EMAIL_1', '[PHONE_1', 'é😀', '"'),
    fc.string({ maxLength: 5 }),
  ),
  { maxLength: 12 },
);

test('any cut of the stream gives the same text, with blocks interleaved', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ pieces, places: fc.array(fc.nat(200), { maxLength: 20 }) }), { minLength: 1, maxLength: 3 }), (blocks) => {
      const expected = blocks.map(({ pieces: each }) => each.join('').replaceAll('[EMAIL_1]', email).replaceAll('[PHONE_1]', phone));
      const queues = blocks.map(({ pieces: each, places }, block) => cut(each.join(''), places).map((content) => text(content, block)));
      const parts: Part[] = [];
      for (let turn = 0; queues.some((queue) => turn < queue.length); turn++)
        for (const queue of queues) if (queue[turn] !== undefined) parts.push(queue[turn] as Part);
      const out = collected(run([...parts, { type: 'end' }], restorer([email, phone])));
      expect(expected.map((_, block) => out[`text ${block}`] ?? '')).toEqual(expected);
    }),
  );
});

test('never holds as much as a placeholder, however many small parts come', () => {
  const subject = restorer([email, phone]);
  let into = 0;
  let out = 0;
  for (const character of '[EMAIL_[PHONE_[EMAIL_1[[[['.repeat(2000)) {
    into += 1;
    for (const part of subject.push(text(character))) if ('text' in part) out += part.text.length;
    expect(into - out).toBeLessThan('[EMAIL_1]'.length);
  }
});
