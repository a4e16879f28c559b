import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from 'vitest';
import { createAuthority } from '../../test/e2e/certificates.ts';
import { startFakeOpenAI } from '../demo/openai.ts';
import type { FakeProvider } from '../demo/server.ts';
import { endpoint } from '../routing/deployment.fixture.ts';
import type { Endpoint } from '../routing/deployment.ts';
import { CopyFailure } from './copy-failure.ts';
import { createSend, type ReceivedAnswer, type Send } from './send.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0)) await clean();
});

const notSent = () => {};
const signal = new AbortController().signal;

const post = (send: Send, to: Endpoint, options: Partial<Parameters<Send>[1]> = {}): Promise<ReceivedAnswer> =>
  send(
    { endpoint: to, path: '/v1/x', headers: new Map([['content-type', 'application/json']]), body: Buffer.from('{}') },
    { signal, onSent: notSent, ...options },
  );

async function failureOf(work: Promise<unknown>): Promise<CopyFailure> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof CopyFailure)) throw new Error('no failure', { cause: error });
  return error;
}

/** A server that does with each connection what it is told, in their order. */
async function listen(...connections: ((socket: Socket) => void)[]): Promise<{ url: URL; accepted: () => number }> {
  const sockets = new Set<Socket>();
  let accepted = 0;
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    connections[accepted++]?.(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`), accepted: () => accepted };
}

const answer = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

describe('TLS', () => {
  const authority = createAuthority('test roots');
  const other = createAuthority('other roots');

  async function startTls(subject: Parameters<typeof authority.issue>[0]): Promise<{ fake: FakeProvider; fileOf: (pem: string) => Promise<string> }> {
    const folder = await mkdtemp(join(tmpdir(), 'remora-mirror-'));
    const fake = await startFakeOpenAI({ tls: authority.issue(subject) });
    cleanups.push(fake.stop, () => rm(folder, { recursive: true }));
    const fileOf = async (pem: string): Promise<string> => {
      const file = join(folder, `${pem === authority.root ? 'own' : 'other'}.pem`);
      await writeFile(file, pem);
      return file;
    };
    return { fake, fileOf };
  }
  const at = (fake: FakeProvider, caFile?: string): Endpoint => endpoint('house', { baseUrl: new URL(fake.url), caFile });

  test("is checked against the endpoint's own roots", async () => {
    const { fake, fileOf } = await startTls({ addresses: ['127.0.0.1'] });
    const send = createSend({ systemCaFile: await fileOf(other.root) });
    const received = await post(send, at(fake, await fileOf(authority.root)));
    received.body.destroy();
    expect(received.status).toBe(404); // of the fake, which has nothing there
  });

  test("is checked against the system's roots where the endpoint names none", async () => {
    const { fake, fileOf } = await startTls({ addresses: ['127.0.0.1'] });
    (await post(createSend({ systemCaFile: await fileOf(authority.root) }), at(fake))).body.destroy();
    const failure = await failureOf(post(createSend({ systemCaFile: await fileOf(other.root) }), at(fake)));
    expect(failure.kind).toBe('unreachable');
    expect(fake.requests).toHaveLength(1);
  });

  test('is refused from a server of another name', async () => {
    const { fake, fileOf } = await startTls({ names: ['elsewhere.example'] });
    const failure = await failureOf(post(createSend({ systemCaFile: undefined }), at(fake, await fileOf(authority.root))));
    expect(failure).toMatchObject({ kind: 'unreachable', message: expect.stringContaining('127.0.0.1') });
    expect(fake.requests).toEqual([]);
  });

  test('fails without its roots, and the next request looks for them again', async () => {
    const { fake, fileOf } = await startTls({ addresses: ['127.0.0.1'] });
    const to = at(fake, join(tmpdir(), 'remora-no-such-folder', 'ca.pem'));
    const send = createSend({ systemCaFile: undefined });
    expect(await failureOf(post(send, to))).toMatchObject({ kind: 'unreachable' });
    to.caFile = await fileOf(authority.root);
    (await post(send, to)).body.destroy();
    expect(fake.requests).toHaveLength(1);
  });
});

describe('a connection', () => {
  test('that is not made in time is given up', async () => {
    const { url } = await listen(() => {}); // accepts, and says nothing of TLS
    url.protocol = 'https:';
    const failure = await failureOf(post(createSend({ systemCaFile: undefined }), endpoint('house', { baseUrl: url, connectTimeoutMs: 50 })));
    expect(failure).toMatchObject({ kind: 'unreachable', message: 'house took longer than 50 ms to connect.' });
  });

  test('is kept for the next request', async () => {
    const { url, accepted } = await listen((socket) => socket.on('data', () => socket.write(answer)));
    const [send, to] = [createSend({ systemCaFile: undefined }), endpoint('house', { baseUrl: url })];
    expect(await text((await post(send, to)).body)).toBe('ok');
    expect(await text((await post(send, to)).body)).toBe('ok');
    expect(accepted()).toBe(1);
  });

  test('that the provider has closed meanwhile costs no copy', async () => {
    let isFirst = true;
    const { url, accepted } = await listen(
      (socket) =>
        socket.on('data', () => {
          if (isFirst) socket.write(answer);
          else socket.resetAndDestroy();
          isFirst = false;
        }),
      (socket) => socket.on('data', () => socket.write(answer)),
    );
    const [send, to] = [createSend({ systemCaFile: undefined }), endpoint('house', { baseUrl: url })];
    expect(await text((await post(send, to)).body)).toBe('ok');
    expect(await text((await post(send, to)).body)).toBe('ok');
    expect(accepted()).toBe(2);
  });

  test('that is new and breaks is not tried again', async () => {
    const { url, accepted } = await listen((socket) => socket.on('data', () => socket.resetAndDestroy()));
    expect((await failureOf(post(createSend({ systemCaFile: undefined }), endpoint('house', { baseUrl: url })))).kind).toBe('broken');
    expect(accepted()).toBe(1);
  });
});

describe('an answer', () => {
  test('that sends elsewhere is not followed', async () => {
    const { url, accepted } = await listen((socket) =>
      socket.on('data', () => socket.write('HTTP/1.1 307 Temporary Redirect\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n')),
    );
    const received = await post(createSend({ systemCaFile: undefined }), endpoint('house', { baseUrl: url }));
    expect([received.status, await text(received.body), accepted()]).toEqual([307, '', 1]);
  });

  test('that is no HTTP cannot be read', async () => {
    const { url } = await listen((socket) => socket.on('data', () => socket.write('SMTP ready\r\n\r\n')));
    expect((await failureOf(post(createSend({ systemCaFile: undefined }), endpoint('house', { baseUrl: url })))).kind).toBe('unreadable');
  });

  test('ends with the reason of the signal, before its headers and after', async () => {
    const { url } = await listen(
      () => {},
      (socket) => socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n')),
    );
    const [send, to] = [createSend({ systemCaFile: undefined }), endpoint('house', { baseUrl: url })];
    const reason = new CopyFailure('timeout', 'The answer took too long.');
    const [first, second] = [new AbortController(), new AbortController()];
    const sent = post(send, to, { signal: first.signal, onSent: () => first.abort(reason) });
    expect(await failureOf(sent)).toBe(reason);
    const received = await post(send, to, { signal: second.signal });
    second.abort(reason);
    expect(await failureOf(text(received.body))).toBe(reason);
  });
});

test('a request that reaches nobody was not sent', async () => {
  const { url } = await listen();
  for (const clean of cleanups.splice(0)) await clean();
  let isSent = false;
  const onSent = (): void => {
    isSent = true;
  };
  expect((await failureOf(post(createSend({ systemCaFile: undefined }), endpoint('house', { baseUrl: url }), { onSent }))).kind).toBe('unreachable');
  expect(isSent).toBe(false);
});
