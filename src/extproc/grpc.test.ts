import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:http2';
import { connect as netConnect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials, status, type ClientDuplexStream } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { frameHeaderBytes, serveGrpc, type GrpcCall, type GrpcHandler, type GrpcServer } from './grpc.ts';

// The official client is the measure for our server.
const method = '/test.Echo/Process';
const asIs = (bytes: Buffer): Buffer => bytes;

let folder: string;
let address: string;
let server: GrpcServer | undefined;
let client: Client;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'remora-grpc-'));
  address = `unix:${join(folder, 'grpc.sock')}`;
  client = new Client(address, credentials.createInsecure(), {
    'grpc.max_receive_message_length': 100 << 20,
    'grpc.max_send_message_length': 100 << 20,
    'grpc.enable_retries': 0,
  });
});

afterEach(async () => {
  client.close();
  await stop(0);
  rmSync(folder, { recursive: true });
});

async function stop(graceMs: number): Promise<void> {
  await server?.close(graceMs);
  server = undefined;
}

async function serve(handle: (call: GrpcCall) => GrpcHandler): Promise<void> {
  server = await serveGrpc(address, new Map([[method, handle]]));
}

const framed = (bytes: Buffer): Buffer => Buffer.concat([Buffer.alloc(frameHeaderBytes), bytes]);
const echo = (call: GrpcCall): GrpcHandler => ({ message: (bytes) => call.send(framed(bytes)), closed: () => call.end() });
const open = (path = method): ClientDuplexStream<Buffer, Buffer> => client.makeBidiStreamRequest(path, asIs, asIs);

/** Sends messages, half-closes, and returns what came and how it ended. */
function exchange(messages: readonly Buffer[], path = method): Promise<{ received: Buffer[]; code: status }> {
  const call = open(path);
  const received: Buffer[] = [];
  return new Promise((resolve) => {
    call.on('data', (bytes: Buffer) => received.push(bytes));
    call.on('error', () => {});
    call.on('status', ({ code }: { code: status }) => resolve({ received, code }));
    for (const message of messages) call.write(message);
    call.end();
  });
}

test('carries messages of every size both ways, in their order, and ends well', async () => {
  await serve(echo);
  const messages = [0, 1, 5, 16_384, 70_000, 3 << 20].map((size) => Buffer.alloc(size, size % 251));
  const { received, code } = await exchange(messages);
  expect(code).toBe(status.OK);
  expect(received.map((bytes, index) => bytes.equals(messages[index] as Buffer))).toEqual(messages.map(() => true));
});

test('carries a body of 40 MiB', async () => {
  await serve(echo);
  const [echoed] = (await exchange([Buffer.alloc(40 << 20, 7)])).received;
  expect(echoed?.length).toBe(40 << 20);
});

test('gives a call its metadata, also on 500 calls at once', async () => {
  await serve((call) => ({ message: () => call.send(framed(Buffer.from(call.metadata('user-agent') ?? ''))), closed: () => call.end() }));
  const answers = await Promise.all(Array.from({ length: 500 }, () => exchange([Buffer.from('x')])));
  expect(answers.every(({ received, code }) => code === status.OK && received[0]?.toString().startsWith('grpc-node-js'))).toBe(true);
});

test('hears once of a client that cancels, and survives thousands of them', async () => {
  let opened = 0;
  let closed = 0;
  await serve((call) => {
    opened++;
    return { message: (bytes) => call.send(framed(bytes)), closed: () => void closed++ };
  });
  for (let round = 0; round < 30; round++) {
    await Promise.all(
      Array.from(
        { length: 100 },
        () =>
          new Promise<void>((resolve) => {
            const call = open();
            call.on('error', () => resolve());
            call.once('data', () => call.cancel());
            call.write(Buffer.from('x'));
          }),
      ),
    );
  }
  await stop(5000);
  expect(opened).toBe(3000);
  expect(closed).toBe(opened);
});

test('ends a call with an error, never well, where a message cannot be read', async () => {
  let closed = 0;
  await serve(() => ({
    message() {
      throw new Error('unreadable');
    },
    closed: () => void closed++,
  }));
  expect((await exchange([Buffer.from('x')])).code).not.toBe(status.OK);
  expect(closed).toBe(1);
});

test('serves each method by its own path', async () => {
  const other = (call: GrpcCall): GrpcHandler => ({ message: () => call.send(framed(Buffer.from('other'))), closed: () => call.end() });
  server = await serveGrpc(
    address,
    new Map([
      [method, echo],
      ['/test.Echo/Other', other],
    ]),
  );
  expect((await exchange([Buffer.from('x')])).received.map(String)).toEqual(['x']);
  expect((await exchange([Buffer.from('x')], '/test.Echo/Other')).received.map(String)).toEqual(['other']);
});

test('refuses a method that it does not serve', async () => {
  await serve(echo);
  expect((await exchange([], '/test.Echo/Other')).code).toBe(status.UNIMPLEMENTED);
});

test('refuses messages that say they are compressed or larger than any body', async () => {
  await serve(echo);
  for (const frame of [Buffer.from([1, 0, 0, 0, 1, 0]), Buffer.from([0, 0xff, 0xff, 0xff, 0xff])]) {
    const session = connect('http://localhost', { createConnection: () => netConnect(address.slice('unix:'.length)) });
    const call = session.request({ ':method': 'POST', ':path': method, 'content-type': 'application/grpc' });
    const code = new Promise((resolve) => call.once('close', () => resolve(call.rstCode)));
    call.on('error', () => {});
    call.write(frame);
    expect(await code).not.toBe(0);
    session.destroy();
  }
});

test('closes when running calls have ended, or when their time is over', async () => {
  await serve(echo);
  const call = open();
  const ended = new Promise<status>((resolve) => call.on('status', ({ code }: { code: status }) => resolve(code)));
  call.on('error', () => {});
  const answered = new Promise((resolve) => call.once('data', resolve));
  call.write(Buffer.from('x'));
  await answered;
  const closing = stop(10_000);
  call.end();
  expect(await ended).toBe(status.OK);
  await closing;

  await serve(echo);
  const stuck = open();
  const broken = new Promise<status>((resolve) => stuck.on('status', ({ code }: { code: status }) => resolve(code)));
  stuck.on('error', () => {});
  stuck.write(Buffer.from('x'));
  await new Promise((resolve) => stuck.once('data', resolve));
  await stop(50);
  expect(await broken).not.toBe(status.OK);
});

test('says why where it cannot listen', async () => {
  await expect(serveGrpc('unix:/nowhere/at/all.sock', new Map([[method, echo]]))).rejects.toThrow(/listen E/);
});
