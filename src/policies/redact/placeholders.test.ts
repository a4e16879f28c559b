import { expect, test } from 'vitest';
import { Placeholders } from './placeholders.ts';

test('are numbered by type in the order in which originals come', () => {
  const placeholders = new Placeholders();
  const given = [
    placeholders.of('email', 'a@x.com'),
    placeholders.of('us-ssn', '1'),
    placeholders.of('email', 'b@x.com'),
    placeholders.of('email', 'a@x.com'),
  ];
  expect(given).toEqual(['[EMAIL_1]', '[US_SSN_1]', '[EMAIL_2]', '[EMAIL_1]']);
  expect(placeholders.size).toBe(3);
});

test('differ where the characters differ, so that restoring is exact', () => {
  const placeholders = new Placeholders();
  expect(placeholders.of('email', 'Bob@x.com')).not.toBe(placeholders.of('email', 'bob@x.com'));
});

test('are never those that the client wrote', () => {
  const placeholders = new Placeholders();
  placeholders.reserve('I saw [EMAIL_1], [EMAIL_02] and [EMAIL_3]; [email_2] and [NAME_1] are none of ours');
  expect([placeholders.of('email', 'a@x.com'), placeholders.of('email', 'b@x.com')]).toEqual(['[EMAIL_2]', '[EMAIL_4]']);
  expect(placeholders.original('[EMAIL_1]')).toBeUndefined();
  expect(placeholders.original('[EMAIL_2]')).toBe('a@x.com');
});
