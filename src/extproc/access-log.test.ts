import { fileURLToPath } from 'node:url';
import { loadSync } from '@grpc/proto-loader';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { accessLogMethod, decodeAccessLog, type LoggedAttempt } from './access-log.ts';
import { ProtobufError } from './protobuf.ts';

// What a protobuf library makes of protos/access_log.proto is the measure for our own reading.
const service = loadSync(fileURLToPath(new URL('../../protos/access_log.proto', import.meta.url)), { keepCase: true })[
  'envoy.service.accesslog.v3.AccessLogService'
];
const { path, requestSerialize } = (service as unknown as { StreamAccessLogs: { path: string; requestSerialize(value: object): Buffer } })
  .StreamAccessLogs;

const written = (...entries: object[]): Buffer => requestSerialize({ http_logs: { log_entry: entries } });

function read(bytes: Buffer): { attempts: LoggedAttempt[]; skipped: unknown[] } {
  const attempts: LoggedAttempt[] = [];
  const skipped: unknown[] = [];
  decodeAccessLog(
    bytes,
    (attempt) => attempts.push(attempt),
    (error) => skipped.push(error),
  );
  return { attempts, skipped };
}

const ms = (milliseconds: number) => ({ seconds: Math.floor(milliseconds / 1000), nanos: Math.round((milliseconds % 1000) * 1_000_000) });
const socket = (address: string, port: number) => ({ socket_address: { address, port_value: port } });

interface Said {
  flags?: Record<string, boolean>;
  reason?: string;
  address?: object;
  status?: number;
  sent?: boolean;
  whole?: boolean;
  headers?: Record<string, string>;
  durationMs?: number;
}

/** An entry as Envoy 1.40 writes it. */
const entry = ({ flags, reason, address = socket('192.0.2.7', 443), status, sent = true, whole = false, headers = {}, durationMs = 80 }: Said) => ({
  common_properties: {
    start_time: ms(1_700_000_000_250),
    ...(sent && { time_to_first_upstream_tx_byte: ms(1) }),
    ...(status !== undefined && { time_to_first_upstream_rx_byte: ms(51.5) }),
    ...(whole && { time_to_last_upstream_rx_byte: ms(79) }),
    upstream_remote_address: address,
    upstream_cluster: 'p_openai.01234567',
    ...(flags && { response_flags: flags }),
    ...(reason !== undefined && { upstream_transport_failure_reason: reason }),
    duration: ms(durationMs),
  },
  request: { request_id: 'request-1' },
  response: { ...(status !== undefined && { response_code: { value: status } }), response_headers: headers },
});

const only = (said: Said): LoggedAttempt => {
  const [attempt] = read(written(entry(said))).attempts;
  if (attempt === undefined) throw new Error('nothing was read');
  return attempt;
};

test('is served under the method of the proto', () => {
  expect(accessLogMethod).toBe(path);
});

test('reads what became of an attempt: whose it was, where it went, its status, times in milliseconds and the headers about limits', () => {
  expect(only({ status: 429, headers: { 'retry-after': '7', 'x-ratelimit-remaining-requests': '0' }, durationMs: 2081.5 })).toEqual({
    requestId: 'request-1',
    outcome: {
      cluster: 'p_openai.01234567',
      status: 429,
      failure: undefined,
      details: '',
      startedAt: 1_700_000_000_250,
      durationMs: 2081.5,
      firstByteMs: 51.5,
      headers: new Map([
        ['retry-after', '7'],
        ['x-ratelimit-remaining-requests', '0'],
      ]),
    },
  });
});

describe('says why an attempt has no answer, or not all of one:', () => {
  test.each<[string, Said, string | undefined]>([
    ['a whole answer', { status: 200, whole: true }, undefined],
    ['a whole error', { status: 500, whole: true }, undefined],
    ['an error that Envoy did not read on, because another attempt followed', { status: 503 }, undefined],
    [
      'a connection refused',
      { flags: { upstream_connection_failure: true }, reason: 'delayed connect error: Connection refused', sent: false },
      'connect',
    ],
    [
      'a certificate that is not trusted',
      {
        flags: { upstream_connection_failure: true },
        reason: 'TLS_error:|268435581:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED:TLS_error_end',
        sent: false,
      },
      'tls',
    ],
    [
      'a name that cannot be resolved, which ends at the refusing address',
      {
        flags: { upstream_connection_failure: true },
        reason: 'delayed connect error: Connection refused',
        address: socket('127.0.0.1', 1),
        sent: false,
      },
      'dns',
    ],
    ['a resolver that fails', { flags: { dns_resolution_failure: true }, sent: false }, 'dns'],
    ['a connection closed before the answer', { flags: { upstream_connection_termination: true } }, 'reset'],
    ['a stream reset', { flags: { upstream_remote_reset: true } }, 'reset'],
    ['an answer cut short', { flags: { upstream_protocol_error: true }, status: 200 }, 'reset'],
    ['silence', { flags: { upstream_request_timeout: true } }, 'timeout'],
    ['a client that left before the answer', {}, 'left'],
    ['a client that left in mid-stream', { status: 200 }, 'left'],
    ['a client’s connection that broke', { flags: { local_reset: true, downstream_connection_termination: true }, status: 200 }, 'left'],
    ['an attempt that we refused to write', { sent: false }, 'gateway'],
    ['a flag that says nothing of the provider', { flags: { upstream_overflow: true }, sent: false }, 'gateway'],
  ])('%s', (_, said, failure) => {
    expect(only(said).outcome.failure).toBe(failure);
  });

  test('in Envoy’s own words', () => {
    expect(only({ flags: { upstream_connection_failure: true }, reason: 'delayed connect error: Connection refused' }).outcome.details).toBe(
      'upstream_connection_failure, delayed connect error: Connection refused',
    );
  });

  test('and where we asked for another attempt because of the body, what was in it', () => {
    const { failure, details, headers } = only({ status: 529, headers: { 'x-remora-retry': 'overloaded', 'retry-after': '3' } }).outcome;
    expect([failure, details, [...headers.keys()]]).toEqual([undefined, 'failed by its body: overloaded', ['retry-after']]);
    expect(only({ status: 200, headers: { 'x-remora-retry': 'empty' } }).outcome.failure).toBeUndefined();
  });
});

test('reads all entries of a message, in their order', () => {
  const statuses = [429, 503, 200];
  const { attempts } = read(written(...statuses.map((status) => entry({ status, whole: true }))));
  expect(attempts.map(({ outcome }) => outcome.status)).toEqual(statuses);
});

test('reads numbers, texts and headers of any size', () => {
  const text = fc.oneof(fc.string(), fc.constantFrom('é', '日本', '\u{1f600}', '\u0000'));
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 0xffffffff }),
      fc.nat(2 ** 40),
      fc.dictionary(text, text, { maxKeys: 6 }),
      text,
      (status, durationMs, headers, cluster) => {
        const said = entry({ status, durationMs, headers, whole: true });
        const { outcome } = read(written({ ...said, common_properties: { ...said.common_properties, upstream_cluster: cluster } })).attempts[0] ?? {};
        expect(outcome).toMatchObject({ status, durationMs, cluster, headers: new Map(Object.entries(headers)) });
      },
    ),
    { numRuns: 50 },
  );
});

describe('is not disturbed:', () => {
  test('an entry without the id of its request is skipped, and those around it are read', () => {
    const nameless = { ...entry({ status: 200 }), request: {} };
    const { attempts, skipped } = read(written(entry({ status: 429 }), nameless, entry({ status: 200 })));
    expect([attempts.length, skipped.length]).toEqual([2, 1]);
    expect(skipped[0]).toBeInstanceOf(ProtobufError);
  });

  test('an entry that is broken inside is skipped, and the next is read', () => {
    const bytes = written(entry({ status: 429 }), entry({ status: 200 }));
    const second = bytes.lastIndexOf(Buffer.from('request-1'));
    bytes[second - 1] = 0x7f; // the length of the id, now beyond the end of what it stands in
    const { attempts, skipped } = read(bytes);
    expect([attempts.length, skipped.length]).toEqual([1, 1]);
  });

  test('any bytes end in entries, in skipped ones or in a ProtobufError, and nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          read(Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(ProtobufError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('a message of a kind that is not known, such as the first one’s identifier alone, has no entries', () => {
    expect(read(Buffer.from([0x0a, 0x02, 0x12, 0x00]))).toEqual({ attempts: [], skipped: [] });
  });
});
