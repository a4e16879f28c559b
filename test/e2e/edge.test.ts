import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { installedEnvoy, replyMs, startEdge, type EdgeStage, type Handle } from './edge-stage.ts';

const event = (data: object | string): string => `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;
const chunk = (content: string, finish: string | null = null): string =>
  event({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta: { content }, finish_reason: finish }] });
const answered = (content: string): object => ({
  id: 'c',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
});
const error = (code: string): object => ({ error: { message: code, type: 'error', code } });

const json =
  (status: number, body: object | string, headers: Record<string, string> = {}): Handle =>
  (response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(typeof body === 'string' ? body : JSON.stringify(body));

/** A stream that writes its pieces one after the other, `gapMs` apart, and then does as told. */
const sse =
  (pieces: readonly string[], gapMs: number, then: (response: Parameters<Handle>[0]) => void = (response) => response.end()): Handle =>
  (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    let next = 0;
    const write = (): void => {
      if (response.destroyed) return;
      if (next === pieces.length) then(response);
      else {
        response.write(pieces[next++]);
        setTimeout(write, gapMs);
      }
    };
    setTimeout(write, gapMs);
  };

const goodStream = [chunk(''), ...Array.from({ length: 20 }, (_, index) => chunk(`${index} `)), chunk('', 'stop'), event('[DONE]')];
const largeAnswer = JSON.stringify(answered('x'.repeat(7 << 20)));

let stalledClosed = 0;
let edge: EdgeStage;
/** One with nobody else about, and what it answers after a minute. */
let lonely: EdgeStage;
let minuteLong: ReturnType<EdgeStage['ask']>;

beforeAll(async () => {
  if (installedEnvoy === undefined) return;
  lonely = await startEdge({
    good: json(200, answered('Hi')),
    'minute-long': (response) => void setTimeout(() => json(200, answered('At last'))(response, '', response.req), 54_000),
  });
  minuteLong = lonely.ask({ chain: ['minute-long'], attemptMs: 60_000 });
  minuteLong.catch(() => {}); // looked at by the test of it
  edge = await startEdge(
    {
      good: json(200, answered('Hi'), { 'x-ratelimit-remaining-requests': '41' }),
      large: (response) => response.writeHead(200, { 'content-type': 'application/json' }).end(largeAnswer),
      limited: json(429, error('rate_limit_exceeded'), { 'retry-after': '7', 'x-envoy-ratelimited': 'true' }),
      down: json(503, error('server_error')),
      'too-long': json(400, error('context_length_exceeded')),
      'wrong-request': json(400, error('invalid_value'), { 'x-remora-retry': 'please', 'x-envoy-ratelimited': 'true' }),
      'empty-json': json(200, answered('')),
      silent: () => {},
      reset: (_, __, request) => void request.socket.destroy(),
      stream: sse(goodStream, 1),
      'stream-error': sse([': ping\n\n', event(error('overloaded'))], 20),
      'stream-open-error': sse([event(error('overloaded'))], 20, () => {}),
      'stream-empty': sse([], 20),
      'stream-silent': sse([], 20, () => {}),
      'stream-cut': sse([': ping\n\n'], 20, (response) => response.destroy()),
      'stream-late': sse([': ping\n\n', ': ping\n\n', chunk('Late'), event('[DONE]')], 1.3 * replyMs),
      'stream-stalls': sse([chunk('Hello')], 20, (response) => response.once('close', () => stalledClosed++)),
    },
    { refused: 'http://127.0.0.1:9', unresolved: 'http://nosuchhost.invalid', untrusted: 'https://127.0.0.1:9' },
  );
});

beforeEach(({ skip }) => {
  skip(installedEnvoy === undefined, 'no Envoy is installed; npm run tools does it');
  edge.received.length = 0;
});

afterAll(async () => {
  await edge?.stop();
  await lonely?.stop();
});

describe('the log of attempts', () => {
  test('tells what became of each, in their order', async () => {
    const { status, attempts } = await edge.ask({ chain: ['limited', 'refused', 'unresolved', 'reset', 'silent', 'good'], attemptMs: 300 });
    expect(status).toBe(200);
    expect(attempts.map((each) => [each.cluster.split('.')[0], each.status, each.failure])).toEqual([
      ['p_limited', 429, undefined],
      ['p_refused', 0, 'connect'],
      ['p_unresolved', 0, 'dns'],
      ['p_reset', 0, 'reset'],
      ['p_silent', 0, 'timeout'],
      ['p_good', 200, undefined],
    ]);
    expect(attempts[0]?.headers).toEqual(new Map([['retry-after', '7']]));
    expect(attempts[5]?.headers).toEqual(new Map([['x-ratelimit-remaining-requests', '41']]));
    expect(attempts[4]?.durationMs).toBeGreaterThanOrEqual(290);
    expect(attempts[5]?.firstByteMs).toBeLessThanOrEqual(attempts[5]?.durationMs ?? 0);
  });

  test('tells of a client that left', async () => {
    const before = edge.left;
    const { attempts } = await edge.ask({ chain: ['silent'] }, { leaveAfterMs: 200 });
    expect(attempts.map(({ status, failure }) => [status, failure])).toEqual([[0, 'left']]);
    await expect.poll(() => edge.left).toBe(before + 1);
  });

  test('blames a provider that uses up the time for the whole request', async () => {
    const { status, attempts } = await edge.ask({ chain: ['silent'], attemptMs: 60_000, totalMs: 400 });
    expect([status, attempts.map(({ failure }) => failure)]).toEqual([504, ['timeout']]);
  });
});

describe('by status', () => {
  test('only those that the exchange names are followed by another attempt', async () => {
    expect((await edge.ask({ chain: ['limited', 'down', 'good'] })).attempts.map(({ status }) => status)).toEqual([429, 503, 200]);
    expect((await edge.ask({ chain: ['wrong-request', 'good'] })).status).toBe(400);
  });
});

describe('watched', () => {
  test('every answer that is good passes, and the first attempt is as the exchange wrote it', async () => {
    const { status, body } = await edge.ask({ chain: ['good'], form: 'watch' });
    expect([status, JSON.parse(body)]).toEqual([200, answered('Hi')]);
    expect(edge.received.map((line) => line.split(' ')[1])).toEqual(['/good']);
  });

  test('a failure that only the body tells goes on with the rest of the chain that was written for it', async () => {
    const { status, attempts } = await edge.ask({ chain: ['too-long', 'down'], form: 'watch', rerouted: { 'context-length': ['limited', 'good'] } });
    expect([status, attempts.map((each) => each.status)]).toEqual([200, [400, 429, 200]]);
    expect(attempts[0]?.details).toBe('failed by its body: context-length');
    expect(edge.received.map((line) => line.split(' ')[0])).toEqual(['too-long', 'limited', 'good']);
  });

  test('so it does at the end of a chain', async () => {
    const { status, attempts } = await edge.ask({ chain: ['down', 'too-long'], form: 'watch', rerouted: { 'context-length': ['good'] } });
    expect([status, attempts.map((each) => each.status)]).toEqual([200, [503, 400, 200]]);
  });

  test('an error that is the client’s own passes whole, whatever its provider says in our name', async () => {
    const { status, body, attempts } = await edge.ask({ chain: ['wrong-request', 'good'], form: 'watch' });
    expect([status, JSON.parse(body), attempts.length]).toEqual([400, error('invalid_value'), 1]);
  });

  test('the last answer of a chain is the client’s, though Envoy might go on', async () => {
    const { status, attempts } = await edge.ask({ chain: ['down', 'limited'], form: 'watch' });
    expect([status, attempts.length]).toEqual([429, 2]);
  });

  test('an answer without content fails, and one of 7 MiB passes', async () => {
    const { attempts } = await edge.ask({ chain: ['empty-json', 'good'], form: 'watch' });
    expect(attempts.map((each) => each.status)).toEqual([502, 200]);
    const all = await Promise.all(Array.from({ length: 3 }, () => edge.ask({ chain: ['large'], form: 'watch', attemptMs: 30_000 })));
    expect(all.map(({ status, body }) => [status, body.length])).toEqual(all.map(() => [200, largeAnswer.length]));
  });

  test('connections that fail and silence are followed by another attempt as ever', async () => {
    const { attempts } = await edge.ask({ chain: ['refused', 'reset', 'silent', 'good'], form: 'watch', attemptMs: 300 });
    expect(attempts.map(({ failure }) => failure)).toEqual(['connect', 'reset', 'timeout', undefined]);
  });
});

describe('guarded', () => {
  test('a good stream passes unchanged', async () => {
    const { body, isWhole } = await edge.ask({ chain: ['stream'], form: 'guard' });
    expect([body, isWhole]).toEqual([goodStream.join(''), true]);
  });

  test('whatever goes wrong before the first content costs the client nothing but time', async () => {
    const chain = ['stream-error', 'stream-open-error', 'stream-empty', 'stream-cut', 'stream-silent', 'too-long', 'stream'];
    const { status, body, attempts } = await edge.ask({ chain, form: 'guard', attemptMs: 500, rerouted: { 'context-length': ['stream'] } });
    expect([status, body]).toEqual([200, goodStream.join('')]);
    expect(attempts.map((each) => each.failure ?? each.status)).toEqual([502, 502, 502, 'reset', 'timeout', 400, 200]);
  });

  test('a stream is held for longer than Envoy usually waits for us, keep-alives or not', async () => {
    const { body, attempts } = await edge.ask({ chain: ['stream-late'], form: 'guard', attemptMs: 60_000 });
    expect([body.endsWith(event('[DONE]')), attempts.length]).toEqual([true, 1]);
  });

  test('the last stream of a chain passes with its error', async () => {
    const { status, body } = await edge.ask({ chain: ['stream-error'], form: 'guard' });
    expect([status, body]).toEqual([200, `: ping\n\n${event(error('overloaded'))}`]);
  });

  test('400 at once, some of which leave, are each as good as one', async () => {
    const chains = [['stream'], ['stream-error', 'stream'], ['stream-empty', 'stream-cut', 'stream'], ['down', 'stream']];
    const all = await Promise.all(
      Array.from({ length: 400 }, (_, index) =>
        edge.ask({ chain: chains[index % 4] ?? [], form: 'guard', attemptMs: 30_000 }, index % 10 === 9 ? { leaveAfterMs: index } : {}),
      ),
    );
    const stayed = all.filter((_, index) => index % 10 !== 9);
    expect(stayed.filter(({ body }) => body !== goodStream.join(''))).toEqual([]);
  });
});

describe('a reply that takes its time', () => {
  test('is waited for as long as it says', async () => {
    const { status } = await edge.ask({ chain: ['good'], waits: [{ forMs: 3 * replyMs, takenMs: 1.5 * replyMs }] });
    expect(status).toBe(200);
  });

  test('says so once: Envoy heeds no second time for the same message', async () => {
    const wait = { forMs: 1.5 * replyMs, takenMs: replyMs };
    const { status } = await edge.ask({ chain: ['good'], waits: [wait, wait] });
    expect(status).toBe(504);
  });
});

test('a stream on which nothing comes is ended on both sides, and the client sees that it is not whole', async () => {
  const { status, body, isWhole } = await edge.ask({ chain: ['stream-stalls'], stallMs: 300 });
  expect([status, body, isWhole]).toEqual([200, chunk('Hello'), false]);
  expect(stalledClosed).toBe(1);
});

test('an answer that takes a minute, with nobody else about, takes Envoy down with it no more', async () => {
  expect((await minuteLong).status).toBe(200);
  expect((await lonely.ask({ chain: ['good'] })).status).toBe(200);
}, 120_000);

test('nothing failed behind the clients’ backs', () => {
  expect([...edge.failures, ...lonely.failures]).toEqual([]);
});

test('the sidecar ends at once when the last exchange is over, though Envoy never ends its log', async () => {
  expect(await edge.closeSidecar(10_000)).toBeLessThan(5000);
});
