import { describe, expect, test } from 'vitest';
import { parseJson } from '../framing/json.ts';
import type { Part } from '../llm/part.ts';
import type { EncoderOptions, Protocol } from './protocol.ts';
import { requestContract, withoutPlaces, type RequestSamples } from './protocol.contract.ts';
import { relayAnswer } from './relay.ts';

/** What differs between protocols whose answers are JSON alone. */
export interface JsonOnlySamples extends RequestSamples {
  /** Recorded answers. */
  answers: Readonly<Record<string, object>>;
  /** How the client wants answers written, by the answer's name. */
  options?: Readonly<Record<string, Partial<EncoderOptions>>>;
  /** Whether errors have a type, or a message alone. */
  hasErrorTypes: boolean;
}

const ofKind = (parts: readonly Part[], ...kinds: Part['type'][]): Part[] => parts.filter(({ type }) => kinds.includes(type));

/** What holds of every protocol whose answers are JSON alone. */
export function jsonOnlyContract(protocol: Protocol, samples: JsonOnlySamples): void {
  requestContract(protocol, samples);

  const body = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
  const read = (bytes: Buffer): Part[] => withoutPlaces(protocol.decodeAnswer(bytes));
  const written = (name: string, parts: readonly Part[]): Buffer =>
    Buffer.from(protocol.encodeAnswer(parts, { wantsUsage: true, createdAt: 1_700_000_000, ...samples.options?.[name] }));

  test(`${protocol.name}: a request is answered at once, and makes no output tokens`, () => {
    expect(protocol.facts(parseJson(body(samples.request)), samples.path ?? {})).toMatchObject({ stream: false, maxTokens: 0, choices: 1 });
  });

  describe.each(Object.entries(samples.answers))(`${protocol.name}: the answer "%s"`, (name, answer) => {
    const parts = read(body(answer));

    test('begins, says something, and is complete', () => {
      expect(parts[0]?.type).toBe('start');
      expect(parts.at(-1)?.type).toBe('end');
      expect(ofKind(parts, 'embedding', 'ranking').length).toBeGreaterThan(0);
    });

    test('says the same once it was encoded', () => {
      expect(read(written(name, parts))).toEqual(parts);
    });

    test('reaches a client of its own protocol as it came', () => {
      const side = { protocol, framing: protocol.framing };
      const options = { wantsUsage: true, createdAt: 0 };
      const relay = { from: side, to: side, finish: (part: Part) => [part], observe: () => {}, isRewritten: false, storedIds: undefined, options };
      expect(relayAnswer(body(answer), { ...relay, filter: undefined })).toBeUndefined();
      expect(relayAnswer(body(answer), { ...relay, filter: (part) => [part] })).toBeUndefined();
    });
  });

  test(`${protocol.name}: an error is read as it was written, with an error status and in place of an answer`, () => {
    const failure = { type: samples.hasErrorTypes ? 'overloaded_error' : expect.any(String), message: 'Busy.' };
    const bytes = Buffer.from(protocol.encodeError({ status: 503, code: 'overloaded_error', message: 'Busy.' }));
    expect(protocol.decodeFailure(503, bytes)).toEqual({ status: 503, ...failure });
    expect(protocol.decodeAnswer(bytes)).toMatchObject([{ type: 'error', failure }]);
  });

  test.each([[[]], [{}], [7]])(`${protocol.name}: %j is no answer`, (answer) => {
    expect(() => read(body(answer))).toThrow(expect.objectContaining({ name: 'JsonFieldError' }));
  });

  test(`${protocol.name}: what is no JSON is no answer`, () => {
    expect(() => read(Buffer.from('{oops'))).toThrow(expect.objectContaining({ name: 'JsonSyntaxError' }));
  });

  test(`${protocol.name}: nothing is streamed`, () => {
    expect(protocol.createDecoder().push({ name: '', data: '{}', raw: Buffer.alloc(0) })).toEqual([]);
    expect(protocol.createEncoder({ wantsUsage: true, createdAt: 0 }).push({ type: 'end' })).toEqual([]);
    expect(protocol.stateSpots(parseJson(body(samples.request)))).toEqual([]);
  });
}
