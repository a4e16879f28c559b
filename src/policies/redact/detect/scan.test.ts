import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { personalDataTypes, type PersonalDataType } from '../../tenant.ts';
import { fold } from './digits.ts';
import { createScan, type Scan } from './scan.ts';

const all = await createScan(new Set(personalDataTypes));
const only = (type: PersonalDataType): Promise<Scan> => createScan(new Set([type]));

/** The text with sure finds as <type:…>, doubtful ones as <type?:…>. */
function marked(scan: Scan, text: string, context = ''): string {
  let out = '';
  let at = 0;
  for (const { type, start, end, sure } of scan(text, context)) {
    out += `${text.slice(at, start)}<${type}${sure ? '' : '?'}:${text.slice(start, end)}>`;
    at = end;
  }
  return out + text.slice(at);
}

/** Each case is written with the finds marked; what is scanned is the text without the marks. */
const unmarked = (text: string): string => text.replaceAll(/<[a-z-]+\??:([^>]*)>/g, '$1');

describe('an e-mail address', async () => {
  const scan = await only('email');
  test.each([
    '<email:bob@example.com>',
    'Write to <email:bob@example.com>.',
    'Write to <email:bob@example.com>, or (<email:al@example.org>)!',
    '<email:bob+news@mail.eu.example.co.uk> and <email:BOB_1.b-c@X-Y.DE>',
    'Bob <email:bob@example.com>;<email:al@example.com>',
    'mailto:<email:bob@example.com>?subject=x',
    'https://example.com/u?email=<email:bob@example.com>&x=1',
    'email=<email:bob%40example.com>',
    '"<email:bob@example.com>"',
    '**<email:bob@example.com>** <email:_bob@example.com>_',
    'bounce to <email:bounce+ann=x.com@list.org>',
    'line\\n<email:bob@example.com>\\n',
    '<email:müller@bücher.de> <email:иван@пример.рф> <email:bob@xn--bcher-kva.example>',
    '请联系张三<email:bob@example.com>谢谢',
    '<email:用户@例子.公司> ok',
    '<email:\uff42ob\uff20example.com>',
    'Bob........................................................................<email:bob@example.com>',
    "'<email:o'brien@example.com>'",
    '<email:bob@example.com>-',
    '<email:bob@example.museum>…',
    'user:<email:secret@host.example.com>',
  ])('is found: %s', (text) => expect(marked(scan, unmarked(text))).toBe(text));

  test.each([
    'bob at example.com',
    'bob@localhost',
    '@bob',
    'see @scope/package@1.2.3',
    'icon@2x.png',
    'a@b.c',
    'bob@',
    'bob.@example.com',
    'bob@-example.com',
    'bob@.com',
    'root@10.0.0.1',
    'image@sha256:0123456789abcdef',
    `${'a'.repeat(65)}@example.com`,
    `bob@${'a'.repeat(64)}.com`,
    '@@@@',
  ])('is not found: %s', (text) => expect(scan(text, '')).toEqual([]));
});

describe('a card number', async () => {
  const scan = await only('card');
  test.each([
    '<card:4111111111111111>',
    'Card <card:4111 1111 1111 1111> 12/27 123',
    '<card:4111-1111-1111-1111>, thanks',
    '<card:4111\u00a01111\u00a01111\u00a01111> <card:4111\u20111111\u20111111\u20111111> <card:4111\u202f1111\u202f1111\u202f1111>',
    '<card:378282246310005> <card:3782 822463 10005> <card:3056 930902 5904>',
    '<card:5555555555554444> <card:2223003122003222> <card:6011111111111117> <card:3530111333300000> <card:6200000000000005>',
    '<card:4222222222222>',
    'pay 20 <card:4111 1111 1111 1111>',
    '卡号<card:4111111111111111>请',
    '<card:\uff14\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11>',
    'a,<card:4111111111111111>,12/27',
    '\\n<card:4111111111111111>\\n',
    '<card:4111111111111111>.',
    'ref<card?:4111111111111111>',
    '0.<card?:4111111111111111>',
  ])('is found: %s', (text) => expect(marked(scan, unmarked(text))).toBe(text));

  test.each([
    '4111111111111112',
    '41111111111111111111',
    '14111111111111111',
    '4111 1111 1111 1112',
    '4111  1111  1111  1111',
    '4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1',
    '1700000000000',
    '1700000000000000000',
    '9783161484100',
    '978-3-16-148410-0',
    '550e8400-e29b-41d4-a716-446655440000',
    '41111111-1111-4111-8111-111111111111',
    '0000000000000000',
    '1.2.3.4 v4.11.1111',
    '3 000 000 000 000',
  ])('is not found: %s', (text) => expect(scan(text, '')).toEqual([]));
});

describe('a US social security number', async () => {
  const scan = await only('us-ssn');
  test.each([
    '<us-ssn:536-90-4399>',
    'SSN:<us-ssn:536 90 4399>.',
    '<us-ssn:536\u201190\u20114399> <us-ssn:536\u201390\u20134399>',
    'my SSN is <us-ssn:536904399>',
    '<us-ssn:536904399> is my social security number',
    'Soc. Sec. <us-ssn:536904399>',
    'row 12 <us-ssn?:536 90 4399> 7',
    'order <us-ssn?:536904399>',
    'class="className" <us-ssn?:536904399>',
    'part 11-<us-ssn?:536-90-4399>',
    'part <us-ssn?:536-90-4399>-11',
  ])('is found: %s', (text) => expect(marked(scan, unmarked(text))).toBe(text));

  test.each([
    '000-12-3456',
    '666-12-3456',
    '912-12-3456',
    '536-00-4399',
    '536-90-0000',
    '536-90-43991',
    '1536-90-4399',
    '536-9-04399',
    'a536904399 SSN',
    '2024-01-0203',
    '536.90.4399',
  ])('is not found: %s', (text) => expect(scan(text, '')).toEqual([]));

  test.each(['ssn', 'SSN', 'user_ssn', 'userSSN', 'socialSecurityNumber', 'social_security_no', 'employeeSsn'])(
    'is named by the field %s',
    (context) => {
      expect(scan('536904399', context)[0]?.sure).toBe(true);
    },
  );

  test.each(['id', 'className', 'lessn', 'addressNumber'])('is not named by the field %s', (context) => {
    expect(scan('536904399', context)[0]?.sure).toBe(false);
  });
});

describe('an IBAN', async () => {
  const scan = await only('iban');
  test.each([
    '<iban:DE89370400440532013000>',
    'IBAN: <iban:DE89 3704 0044 0532 0130 00>.',
    '<iban:de89 3704 0044 0532 0130 00> <iban:gb29nwbk60161331926819>',
    '<iban:GB29 NWBK 6016 1331 9268 19> please',
    '<iban:FR14 2004 1010 0505 0001 3M02 606> <iban:NO93 8601 1117 947> <iban:MT84 MALT 0110 0001 2345 MTLC AST0 01S>',
    '<iban:DE89\u00a03704\u00a00044\u00a00532\u00a00130\u00a000> <iban:DE89-3704-0044-0532-0130-00>',
    '账号<iban:DE89370400440532013000>。',
    '\\n<iban:DE89370400440532013000>',
  ])('is found: %s', (text) => expect(marked(scan, unmarked(text))).toBe(text));

  test.each([
    'DE89370400440532013001',
    'DE8937040044053201300',
    'DE893704004405320130000',
    'XX89370400440532013000',
    'aDE89370400440532013000',
    'DE89 370400440532013000',
    'US64SVBKUS6S3300958879',
    'DE89',
    'ZGU4OTM3MDQwMDQ0MDUzMjAxMzAwMA==',
  ])('is not found: %s', (text) => expect(scan(text, '')).toEqual([]));
});

describe('a telephone number', async () => {
  const scan = await only('phone');
  test.each([
    '<phone:+12125551234> <phone:+1 212 555 1234>, <phone:+1 (212) 555-1234>.',
    '<phone:+1-555-123-4567> <phone:+1 555 123 4567>',
    '<phone:+49 30 901820>. 2024 was',
    '<phone:+49 (0) 30 901820> <phone:+49 (0)30/901820> <phone:(+49) 30 901820> <phone:+49(0)30-90-18-20>',
    '<phone:+33 6 12 34 56 78> <phone:+44 20 7946 0958> <phone:+81 90-1234-5678> <phone:+86 138 1234 5678>',
    '<phone:+33\u00a06\u202f12\u00a034\u00a056\u00a078> <phone:+49\u201130\u2011901820>',
    '<phone:0049 30 901820> <phone:004930901820>',
    '<phone:(212) 555-1234> <phone:(212)555-1234> <phone:212-555-1234> <phone:212.555.1234> <phone:1-800-555-0199> <phone:1 (212) 555-1234>',
    '<phone:555-867-5309> <phone:212 555-1234> <phone:212\u2013555\u20131234>',
    'call <phone:212 555 1234> now',
    'call <phone:2125551234> or <phone:12125551234>',
    'tel:<phone:+12125551234> phone=<phone:2125551234>&x',
    '电话<phone:+8613812345678>。',
    '\u202a<phone:+1 212 555 1234>\u202c',
    '<phone:\uff0b\uff14\uff19 30 901820>',
    '<phone:+1 212 555 1234> 5 apples',
    '\\n<phone:2125551234>\\n',
    'order #<phone?:2125551234> /users/<phone?:2125551234> ORD-<phone?:2125551234> $<phone?:2125551234>',
    '7 <phone?:212 555 1234>',
    '3+<phone?:12125551234>',
    '12-<phone?:212-555-1234>',
    '<phone?:212-555-1234>-99',
  ])('is found: %s', (text) => expect(marked(scan, unmarked(text))).toBe(text));

  test.each([
    '1700000000',
    '1700000000000',
    '2024-01-02T03:04:05+02:00 and 2024-01-02 03:04:05 +0200',
    '+5 points, +12%, +100000 users',
    '+10 000 000 000 units',
    '550e8400-e29b-41d4-a716-446655440000',
    '192.168.100.100 10.0.0.1 v1.2.3',
    '$1,234,567.89 and 1234567.8901234567',
    '978-3-16-148410-0',
    '0-306-40615-2',
    '5550001234',
    '2129110000x 2111551234 2121551234',
    '12345 6789 0123 555-1234',
    '00000000000000',
    'MjEyNTU1MTIzNA==',
    'id21255512340 02125551234',
    '21255512345',
  ])('is not found: %s', (text) => expect(scan(text, '')).toEqual([]));
});

describe('several types', () => {
  test('are found in one text, in its order', () => {
    const text =
      '<phone:+1 212 555 1234>, <us-ssn:536-90-4399>, <email:bob@example.com>, <card:4111 1111 1111 1111>, <iban:DE89 3704 0044 0532 0130 00>';
    expect(marked(all, unmarked(text))).toBe(text);
  });

  test.each([
    '<email:+12125551234@sms.example.com>',
    '<email:4111111111111111@example.com>',
    '<us-ssn:+49 536-90-4399>',
    '<iban:NO93 8601 1117 947>',
  ])('that overlap are one find of the most specific: %s', (text) => expect(marked(all, unmarked(text))).toBe(text));

  test('that are not asked for are not found', async () => {
    const scan = await createScan(new Set(['email', 'card']));
    expect(marked(scan, '+1 212 555 1234, 536-90-4399, DE89 3704 0044 0532 0130 00')).toBe(
      '+1 212 555 1234, 536-90-4399, DE89 3704 0044 0532 0130 00',
    );
  });

  test.each([
    'The quick brown fox, 2024-05-06 07:08:09.123456, took 3.141592653589793 s and 1e10 steps.',
    'commit 9fceb02d0ae598e95dc970b74767f19372d61af8, build 20240506.1, 0x7fffffffffffffff',
    'SELECT * FROM t WHERE id IN (1, 2, 3) LIMIT 1000 -- 100 000',
    '{"a":[1,2,3],"t":1700000000,"ms":1700000000000,"f":0.4111111111111112}',
    'aGVsbG8gd29ybGQ0MTExMTExMTEx/1234+5678901234==',
    'rgb(255 255 2555) 100 200 300 400 10:20:30:40',
  ])('are not found in ordinary text: %s', (text) => expect(all(text, '').filter(({ sure }) => sure)).toEqual([]));
});

test('folding maps each digit of the basic plane to its value and keeps the length', () => {
  for (let code = 0x80; code < 0x10000; code++) {
    const character = String.fromCharCode(code);
    if (!/^\p{Nd}$/u.test(character)) continue;
    const zero = Array.from({ length: 10 }, (_, value) => code - value).findLast(
      (start) => /^\p{Nd}$/u.test(String.fromCharCode(start)) && (start & 0xf) % 6 === 0,
    );
    expect(fold(character), code.toString(16)).toBe(String(code - (zero ?? 0)));
  }
  expect(fold('a\u{1d7d8}ä\uff11b')).toBe('a\u{1d7d8}ä1b');
});

function isOrdered(text: string): boolean {
  const bounds = all(text, '').flatMap(({ start, end }) => [start, end - 1]);
  return bounds.every((bound, index) => bound >= 0 && bound < text.length && (index === 0 || bound > (bounds[index - 1] ?? 0)));
}

test('finds are in order, apart and within the text, whatever the text', () => {
  const bits = fc.constantFrom(...'4111|1111|536|90|4399|+|1|00|49|(|)| |-|.|@|%40|x.com|bob|DE89|=|\\n|\u00a0|。|请|\ud83d'.split('|'));
  const text = fc.array(fc.oneof({ weight: 5, arbitrary: bits }, fc.string({ maxLength: 3 })), { maxLength: 40 }).map((pieces) => pieces.join(''));
  fc.assert(
    fc.property(text, (each) => {
      expect(isOrdered(each)).toBe(true);
    }),
    { numRuns: 500 },
  );
});

/** Repeated, what makes a scanner that backtracks or looks too far take minutes, where ours takes a moment. */
const hostile =
  '4|4 |4111 |4111-|+1|+1 2 |+49(0)|00 |212-555-1234-|536 90 4399 |536904399 ssn|DE89|DE89 |@|a@|a@b.|a@b-|a=..@|请@|%40|\uff14|[|\\n'.split('|');

test.each([...hostile, `${'a'.repeat(70)}@`])('a long text of "%s" is scanned in one go', (piece) => {
  expect(isOrdered(piece.repeat((64 << 10) / piece.length))).toBe(true);
});
