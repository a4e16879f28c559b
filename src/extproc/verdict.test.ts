import { describe, expect, test } from 'vitest';
import type { ProviderFailure } from '../llm/part.ts';
import { geminiGenerate } from '../protocols/gemini-generate/index.ts';
import { judge, judgeFound, replyFor } from './verdict.ts';
import { setStage, verdictIn, type Stage, type StageOptions } from './watched.fixture.ts';

const failure = (status: number, type: string, message = ''): ProviderFailure => ({ status, type, message });

/** What Envoy is told of an error. */
function of(stage: Stage, status: number, said?: ProviderFailure, headers: Record<string, string> = {}): ReturnType<typeof verdictIn> {
  const bad = { status, headers: new Map(Object.entries(headers)), failure: said, now: 0 };
  return verdictIn(replyFor(judge(stage.number, bad, stage.exchange)));
}

const tooLong = failure(400, 'context_length_exceeded');
const filtered = failure(400, 'content_filter');

describe('by its status', () => {
  test.each([500, 503, 529, 401, 402, 403, 408, 429])('%i leads to the next deployment', (status) => {
    expect(of(setStage(), status)).toMatchObject({ why: String(status) });
  });

  test.each([400, 404, 413, 422])('%i is the client’s own and passes', (status) => {
    expect(of(setStage(), status)).toEqual({});
  });

  test('only those lead on that the model names', () => {
    const stage = setStage({ watch: { fallbackOn: [404] } });
    expect([of(stage, 404), of(stage, 503)]).toEqual([{ why: '404' }, {}]);
  });

  test('the last attempt’s answer passes, whatever it is', () => {
    expect(of(setStage({ number: 2 }), 503)).toEqual({});
  });
});

describe('by its body', () => {
  test('a request too long for one goes to the models for long ones', () => {
    expect(of(setStage({ rerouted: { 'context-length': ['long', 'longer'] } }), 400, tooLong)).toEqual({
      why: 'context-length',
      chain: ['p_a', 'p_long', 'p_longer', 'p_none'],
    });
  });

  test('so it does from the last deployment of the chain', () => {
    expect(of(setStage({ number: 2, rerouted: { 'context-length': ['long'] } }), 400, tooLong)).toEqual({
      why: 'context-length',
      chain: ['p_a', 'p_b', 'p_long', 'p_none'],
    });
  });

  test('each kind has a chain of its own', () => {
    const rerouted = { 'context-length': ['long'], 'content-filter': ['lenient'] };
    expect(of(setStage({ rerouted }), 400, filtered)).toMatchObject({ why: 'content-filter', chain: ['p_a', 'p_lenient', 'p_none'] });
  });

  test('a kind without a chain of its own goes by its status', () => {
    expect([of(setStage(), 400, tooLong), of(setStage(), 500, tooLong)]).toEqual([{}, { why: '500' }]);
  });

  test('overload leads on, whatever its status, and is told', () => {
    const stage = setStage();
    expect(of(stage, 400, failure(400, 'overloaded_error'))).toEqual({ why: 'overloaded' });
    expect(stage.told).toEqual(['1: overloaded']);
  });

  test('an account out of money is told, and not tried again', () => {
    const stage = setStage({ chain: ['a', 'a', 'b'] });
    expect(of(stage, 429, failure(429, 'insufficient_quota'))).toEqual({ why: 'out-of-money', chain: ['p_a', 'p_b', 'p_none'] });
    expect(stage.told).toEqual(['1: out-of-money']);
  });

  test('a credential that is refused in other words than a status is told, and not tried again', () => {
    const stage = setStage({ protocol: geminiGenerate, chain: ['a', 'a', 'b'] });
    expect(of(stage, 400, failure(400, 'API_KEY_INVALID'))).toEqual({ why: 'refused', chain: ['p_a', 'p_b', 'p_none'] });
    expect(stage.told).toEqual(['1: refused']);
  });

  test('at the end of a chain it is told all the same, and passes', () => {
    const stage = setStage({ number: 2 });
    expect([of(stage, 529, failure(529, 'overloaded_error')), stage.told]).toEqual([{}, ['2: overloaded']]);
  });
});

describe('the same deployment', () => {
  const again: StageOptions = { chain: ['a', 'a', 'b'] };

  test('is tried again where the chain says so and no pause is asked for', () => {
    expect(of(setStage(again), 503)).toEqual({ why: '503' });
    expect(of(setStage(again), 429, undefined, { 'retry-after-ms': '20' })).toEqual({ why: '429' });
  });

  test.each<Record<string, string>>([{ 'retry-after': '7' }, { 'retry-after-ms': '200' }, { 'retry-after': 'Thu, 01 Jan 1970 00:01:00 GMT' }])(
    'is left for the next one where it asks for a longer pause (%j)',
    (headers) => {
      expect(of(setStage(again), 429, undefined, headers)).toEqual({ why: '429', chain: ['p_a', 'p_b', 'p_none'] });
    },
  );

  test('passes its answer where it asks for a pause and there is no other', () => {
    expect(of(setStage({ chain: ['a', 'a'] }), 429, undefined, { 'retry-after': '7' })).toEqual({});
  });

  test.each([401, 402, 403])('is left where it refuses our credential (%i)', (status) => {
    expect(of(setStage(again), status)).toEqual({ why: String(status), chain: ['p_a', 'p_b', 'p_none'] });
  });
});

describe('an answer that began well', () => {
  const found = (stage: Stage, what: Parameters<typeof judgeFound>[1]): ReturnType<typeof verdictIn> => {
    const { verdict, status } = judgeFound(stage.number, what, { headers: new Map(), now: 0 }, stage.exchange);
    return verdictIn(replyFor(verdict, status));
  };

  test('passes with content', () => {
    expect(found(setStage(), 'content')).toEqual({});
  });

  test('fails without, and Envoy’s log says so', () => {
    expect(found(setStage(), 'empty')).toEqual({ why: 'empty', status: '502' });
  });

  test('fails with an error in it, as what that would have been', () => {
    const stage = setStage();
    expect(found(stage, { failure: failure(529, 'overloaded_error') })).toEqual({ why: 'overloaded', status: '529' });
    expect(stage.told).toEqual(['1: overloaded']);
  });

  test('passes with an error that is the client’s own', () => {
    expect(found(setStage(), { failure: failure(400, 'invalid_request_error') })).toEqual({});
  });

  test('that a filter left nothing of goes elsewhere only where the model says so', () => {
    expect(found(setStage(), 'filtered')).toEqual({});
    expect(found(setStage({ rerouted: { 'content-filter': ['lenient'] } }), 'filtered')).toEqual({
      why: 'content-filter',
      chain: ['p_a', 'p_lenient', 'p_none'],
    });
  });

  test('passes as it is where nothing follows', () => {
    const stage = setStage({ number: 2 });
    expect([found(stage, 'empty'), found(stage, { failure: failure(529, 'overloaded_error') })]).toEqual([{}, {}]);
  });
});
