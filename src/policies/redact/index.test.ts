import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseJson } from '../../framing/json.ts';
import { sse } from '../../framing/sse.ts';
import type { Part } from '../../llm/part.ts';
import { ClientRequest } from '../../protocols/client-request.ts';
import type { Protocol, TextSpot } from '../../protocols/protocol.ts';
import type { PolicyRun } from '../policy.ts';
import { personalDataTypes, type PersonalDataType } from '../tenant.ts';
import { redact } from './index.ts';
import { opening } from '../opening.fixture.ts';
import { tenant } from '../tenant.fixture.ts';

const unused = (): never => {
  throw new Error('not used here');
};

/** Speaks `{ text: string[], json: string[], tree: any }`. */
const protocol: Protocol = {
  name: 'openai-chat',
  operation: 'chat',
  framing: sse,
  carries: { origin: undefined, reasoning: false, calls: false },
  clientPaths: ['/'],
  matchPath: () => ({}),
  stateSpots: () => [],
  facts: () => ({ model: 'm', stream: false, maxTokens: undefined, choices: 1, wantsUsage: false }),
  requestTexts: (body) => [
    ...(body.get('text')?.items() ?? []).map((node): TextSpot => ({ node, kind: 'text' })),
    ...(body.get('json')?.items() ?? []).map((node): TextSpot => ({ node, kind: 'json' })),
    ...[body.get('tree')].filter((node) => node !== undefined).map((node): TextSpot => ({ node, kind: 'tree' })),
  ],
  retarget: unused,
  decodeRequest: unused,
  encodeRequest: unused,
  decodeAnswer: unused,
  encodeAnswer: unused,
  createDecoder: unused,
  heldTextEvent: unused,
  createEncoder: unused,
  decodeFailure: unused,
  encodeError: unused,
  encodeStreamError: unused,
};

function open({ types = personalDataTypes, restore = true }: { types?: readonly PersonalDataType[]; restore?: boolean } = {}): PolicyRun | undefined {
  const someone = tenant('t', { privacy: { redact: new Set(types), keepInHouse: new Set(), keepIn: new Map(), restore } });
  return redact.open(opening(someone));
}

const request = (body: string): ClientRequest => new ClientRequest(protocol, Buffer.from(body));

/** The body that leaves, and the text of an answer that comes as these parts of text. */
async function exchange(body: string, run = open()): Promise<{ sent: string; answer: (...texts: string[]) => string }> {
  const sent = await run?.onRequest?.(request(body));
  const answer = (...texts: string[]): string => {
    const parts: Part[] = [...texts.map((text): Part => ({ type: 'text', choice: 0, block: 0, text })), { type: 'end' }];
    return parts.flatMap((part) => [...(run?.onPart?.(part) ?? [part])]).reduce((whole, part) => whole + ('text' in part ? part.text : ''), '');
  };
  return { sent: sent?.bytes.toString() ?? '', answer };
}

const sentFor = async (body: string): Promise<string> => (await exchange(body)).sent;

describe('the policy', () => {
  test('has no part in an exchange of a tenant that redacts nothing', () => {
    expect(open({ types: [] })).toBeUndefined();
    expect(redact.open(opening(tenant('t')))).toBeUndefined();
  });

  test('returns the same request where nothing is found, and stays away from the answer', async () => {
    const run = open();
    const before = request('{"text":["hello \\u0041 [EMAIL_1] 12345"],"tree":{"n":1e3,"id":123456789}}');
    expect(await run?.onRequest?.(before)).toBe(before);
    expect(run?.onPart).toBeUndefined();
  });

  test('leaves placeholders in the answer where the tenant wants none restored', async () => {
    const { sent, answer } = await exchange('{"text":["bob@example.com"]}', open({ restore: false }));
    expect(sent).toBe('{"text":["[EMAIL_1]"]}');
    expect(answer('[EMAIL_1]')).toBe('[EMAIL_1]');
  });

  test('looks only for the types the tenant names', async () => {
    const { sent } = await exchange('{"text":["bob@example.com 4111111111111111"]}', open({ types: ['card'] }));
    expect(sent).toBe('{"text":["bob@example.com [CARD_1]"]}');
  });

  test('knows nothing of another exchange', async () => {
    await exchange('{"text":["bob@example.com"]}');
    const { answer } = await exchange('{"text":["4111111111111111"]}');
    expect(answer('[EMAIL_1] [CARD_1]')).toBe('[EMAIL_1] 4111111111111111');
  });

  test('does not go on after a failure', async () => {
    const broken = new ClientRequest({ ...protocol, requestTexts: unused }, Buffer.from('{}'));
    await expect(async () => open()?.onRequest?.(broken)).rejects.toThrow('not used here');
  });
});

describe('what leaves', () => {
  test('keeps every byte around the strings that hold personal data', async () => {
    expect(await sentFor('{ "id":12345678901234567890, "text":[ "a\\u0041", "x bob@example.com\\n" ],"id":1.0 }')).toBe(
      '{ "id":12345678901234567890, "text":[ "a\\u0041", "x [EMAIL_1]\\n" ],"id":1.0 }',
    );
  });

  test('has one placeholder for the same characters in all spots', async () => {
    expect(await sentFor('{"text":["bob@example.com, al@example.com"],"json":["{\\"a\\":\\"al@example.com\\"}"],"tree":["bob@example.com"]}')).toBe(
      '{"text":["[EMAIL_1], [EMAIL_2]"],"json":["{\\"a\\":\\"[EMAIL_2]\\"}"],"tree":["[EMAIL_1]"]}',
    );
  });

  test('has strings, keys and whole numbers of a tree replaced', async () => {
    const tree = '{"bob@example.com":{"n":[4111111111111111,4111111111111111.0,4111111111111111e0,-5,2125551234]},"ssn":536904399,"id":"x"}';
    expect(await sentFor(`{"tree":${tree}}`)).toBe(
      '{"tree":{"[EMAIL_1]":{"n":["[CARD_1]",4111111111111111.0,4111111111111111e0,-5,"[PHONE_1]"]},"ssn":"[US_SSN_1]","id":"x"}}',
    );
  });

  test.each([
    [
      'a json spot',
      '{"json":["{\\"to\\": \\"bob\\\\u0040example.com\\", \\"n\\":12345678901234567890}"]}',
      '{"json":["{\\"to\\": \\"[EMAIL_1]\\", \\"n\\":12345678901234567890}"]}',
    ],
    ['a json spot that is no JSON', '{"json":["{\\"to\\": \\"bob@example.com"]}', '{"json":["{\\"to\\": \\"[EMAIL_1]"]}'],
    ['an escaped text', '{"text":["bob\\u0040example.com"]}', '{"text":["[EMAIL_1]"]}'],
    ['a text that is JSON with escapes', '{"text":["{\\"to\\":\\"bob\\\\u0040example.com\\"}"]}', '{"text":["{\\"to\\":\\"[EMAIL_1]\\"}"]}'],
    [
      'JSON in JSON in JSON',
      JSON.stringify({ tree: JSON.stringify({ a: '{"to":"bob\\u0040example.com"}' }) }),
      JSON.stringify({ tree: JSON.stringify({ a: '{"to":"[EMAIL_1]"}' }) }),
    ],
    ['a lone surrogate', '{"json":["[\\"\\ud800 bob@example.com\\"]"]}', '{"json":["[\\"\\ud800 [EMAIL_1]\\"]"]}'],
  ])('is right for %s', async (_, body, expected) => expect(await sentFor(body)).toBe(expected));

  test('leaves out no number that was certain elsewhere, before or after', async () => {
    const body = '{"text":["Is 536904399 ok?","My SSN: 536904399","So 536-90-4399.","id 219099999, #2125551234, call +1 (212) 555-1234"]}';
    expect(await sentFor(body)).toBe(
      '{"text":["Is [US_SSN_1] ok?","My SSN: [US_SSN_1]","So [US_SSN_2].","id 219099999, #[PHONE_1], call [PHONE_2]"]}',
    );
  });

  test('gives out no placeholder that stands anywhere in the client text, and restores none of those', async () => {
    const { sent, answer } = await exchange('{"text":["bob@example.com","[EMAIL_1]"],"json":["{\\"[EMAIL_2]\\":0}"],"tree":["\\u005bEMAIL_3]"]}');
    expect(sent).toContain('"text":["[EMAIL_4]","[EMAIL_1]"]');
    expect(answer('[EMAIL_1] [EMAIL_2] [EMAIL_3] [EMAIL_4] [EMAIL_9]')).toBe('[EMAIL_1] [EMAIL_2] [EMAIL_3] bob@example.com [EMAIL_9]');
  });
});

const originals = fc.oneof(
  fc.tuple(fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/), fc.stringMatching(/^[a-z]{1,6}\.(com|de|org)$/)).map(([local, domain]) => `${local}@${domain}`),
  fc.stringMatching(/^\+1 [2-9][0-9]{2} [2-9][0-9]{2} [0-9]{4}$/),
  fc.stringMatching(/^[1-5][0-9]{2}-[1-9]{2}-[1-9]{4}$/),
  fc.constantFrom('4111111111111111', '5555 5555 5555 4444', '378282246310005', 'DE89 3704 0044 0532 0130 00', 'GB29NWBK60161331926819'),
);
/** Client text: originals among words that touch none of them. */
const clientText = fc
  .array(fc.oneof(originals, fc.constantFrom('hello', 'the [EMAIL_1]', '[CARD_2]', '[', '"quoted"', '\\', 'naïve 😀', '[[US_SSN_')), {
    maxLength: 10,
  })
  .map((words) => words.join(' ; '));

/** The JSON of a string with every character escaped that `which` picks. */
const escapedJson = (text: string, which: (index: number) => boolean): string =>
  `"${[...Array(text.length).keys()].map((index) => (which(index) ? `\\u${text.charCodeAt(index).toString(16).padStart(4, '0')}` : JSON.stringify(text.charAt(index)).slice(1, -1))).join('')}"`;

test('finds what lies below as many levels of JSON in JSON as a body can hold', async () => {
  let text = 'bob@example.com\\';
  for (let level = 0; level < 17; level++) text = `${'['.repeat(120)}${JSON.stringify(text)}${']'.repeat(120)}`;
  const sent = await sentFor(JSON.stringify({ text: [text] }));
  expect(sent).toContain('[EMAIL_1]');
  expect(sent).not.toContain('bob');
});

test('redacting and restoring is identity on the client text, whatever the escapes and however the answer is cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(clientText, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 12 }),
      async (texts, escapeEach, length) => {
        const { sent, answer } = await exchange(
          `{"text":[${texts.map((text) => escapedJson(text, (index) => index % escapeEach === 1)).join(',')}]}`,
        );
        const seen = (parseJson(Buffer.from(sent)).get('text')?.items() ?? []).map((node) => node.string()).join('\n');
        const chunks = seen.match(new RegExp(`[^]{1,${length}}`, 'g')) ?? [];
        expect(answer(...chunks)).toBe(texts.join('\n'));
      },
    ),
  );
});

test('no original is left in the bytes that leave, in any spot and any escape', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(originals, { minLength: 1, maxLength: 6 }), fc.integer({ min: 1, max: 4 }), async (values, escapeEach) => {
      const literal = (text: string): string => escapedJson(text, (index) => index % escapeEach === 0);
      const list = `[${values.map(literal).join(',')}]`;
      const object = `{${values.map((value, index) => `${literal(`${value}, ${index}`)}:${literal(`<${value}>`)}`).join(',')}}`;
      const sent = await sentFor(`{"text":${list},"json":[${literal(list)},${literal(object)}],"tree":[${list},${object}]}`);
      for (let decoded = sent, round = 0; round < 4; round++) {
        for (const value of values) expect(decoded).not.toContain(value);
        decoded = decoded.replaceAll(/\\u([0-9a-f]{4})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))).replaceAll('\\\\', '\\');
      }
    }),
  );
});
