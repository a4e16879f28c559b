import { refusingAddress, retryHeader } from '../envoy/names.ts';
import type { AttemptFailure, AttemptOutcome } from '../routing/health/outcome.ts';
import { ProtobufError, Reader } from './protobuf.ts';

// Field numbers are those of protos/access_log.proto; tests hold both against each other.

/** The one method of `protos/access_log.proto`. */
export const accessLogMethod = '/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs';

/** What Envoy's log says of one attempt. */
export interface LoggedAttempt {
  /** Envoy's own random id of the request; the attempts of one request come in their order. */
  requestId: string;
  outcome: AttemptOutcome;
}

/** Reads a StreamAccessLogsMessage: each entry goes to `take`, one that cannot be read to `skipped`. Throws ProtobufError where the message around them cannot be read. */
export function decodeAccessLog(bytes: Buffer, take: (attempt: LoggedAttempt) => void, skipped: (error: ProtobufError) => void): void {
  for (const entries of messagesOf(new Reader(bytes), 2)) {
    for (const entry of messagesOf(entries, 1)) {
      let attempt: LoggedAttempt;
      try {
        attempt = readEntry(entry);
      } catch (error) {
        if (!(error instanceof ProtobufError)) throw error;
        skipped(error);
        continue;
      }
      take(attempt);
    }
  }
}

function* messagesOf(reader: Reader, wanted: number): Generator<Reader> {
  for (let field = reader.next(); field !== 0; field = reader.next()) if (field === wanted) yield reader.message();
}

/** What the parts of an entry say, as far as they are there. */
interface Entry {
  cluster: string;
  startedAt: number;
  firstByteMs: number | undefined;
  durationMs: number;
  /** Whether the request went out, and whether the response came in full. */
  wasSent: boolean;
  isWhole: boolean;
  flags: number[];
  /** Why a connection could not be made. */
  reason: string;
  address: string;
  requestId: string;
  status: number;
  codeDetails: string;
  headers: Map<string, string>;
}

function readEntry(reader: Reader): LoggedAttempt {
  const entry: Entry = {
    cluster: '',
    startedAt: 0,
    firstByteMs: undefined,
    durationMs: 0,
    wasSent: false,
    isWhole: false,
    flags: [],
    reason: '',
    address: '',
    requestId: '',
    status: 0,
    codeDetails: '',
    headers: new Map(),
  };
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) readCommon(reader.message(), entry);
    else if (field === 3) readRequest(reader.message(), entry);
    else if (field === 4) readResponse(reader.message(), entry);
  }
  if (entry.requestId === '') throw new ProtobufError('an attempt without the id of its request');
  const { cluster, status, startedAt, durationMs, firstByteMs } = entry;
  const failure = failureOf(entry);
  const details = detailsOf(entry);
  const headers = new Map([...entry.headers].filter(([name]) => name !== retryHeader));
  return { requestId: entry.requestId, outcome: { cluster, status, failure, details, startedAt, durationMs, firstByteMs, headers } };
}

function readCommon(reader: Reader, entry: Entry): void {
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 5) entry.startedAt = milliseconds(reader.message());
    else if (field === 7) entry.wasSent = true;
    else if (field === 9) entry.firstByteMs = milliseconds(reader.message());
    else if (field === 10) entry.isWhole = true;
    else if (field === 13) entry.address = readAddress(reader.message());
    else if (field === 15) entry.cluster = reader.utf8();
    else if (field === 16) readFlags(reader.message(), entry);
    else if (field === 18) entry.reason = reader.utf8();
    else if (field === 23) entry.durationMs = milliseconds(reader.message());
  }
}

/** A google.protobuf.Timestamp or Duration, in milliseconds. */
function milliseconds(reader: Reader): number {
  let value = 0;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) value += reader.number() * 1000;
    else if (field === 2) value += reader.number() / 1_000_000;
  }
  return value;
}

/** `host:port` of a socket address. */
function readAddress(reader: Reader): string {
  let address = '';
  for (const socket of messagesOf(reader, 1)) {
    let port = 0;
    let host = '';
    for (let field = socket.next(); field !== 0; field = socket.next()) {
      if (field === 2) host = socket.utf8();
      else if (field === 3) port = socket.number();
    }
    address = `${host}:${port}`;
  }
  return address;
}

function readFlags(reader: Reader, { flags }: Entry): void {
  for (let field = reader.next(); field !== 0; field = reader.next()) flags.push(field);
}

function readRequest(reader: Reader, entry: Entry): void {
  for (let field = reader.next(); field !== 0; field = reader.next()) if (field === 9) entry.requestId = reader.utf8();
}

function readResponse(reader: Reader, entry: Entry): void {
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) entry.status = readUInt32(reader.message());
    else if (field === 4) readHeader(reader.message(), entry.headers);
    else if (field === 6) entry.codeDetails = reader.utf8();
  }
}

/** A google.protobuf.UInt32Value. */
function readUInt32(reader: Reader): number {
  let value = 0;
  for (let field = reader.next(); field !== 0; field = reader.next()) if (field === 1) value = reader.number();
  return value;
}

function readHeader(reader: Reader, headers: Map<string, string>): void {
  let name = '';
  let value = '';
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) name = reader.utf8();
    else if (field === 2) value = reader.utf8();
  }
  headers.set(name, value);
}

/** Envoy's response flags by field number: their names, and what they mean for an attempt. */
const flagsByField: ReadonlyMap<number, readonly [name: string, failure: AttemptFailure]> = new Map([
  [1, ['failed_local_healthcheck', 'gateway']],
  [2, ['no_healthy_upstream', 'gateway']],
  [3, ['upstream_request_timeout', 'timeout']],
  [4, ['local_reset', 'reset']],
  [5, ['upstream_remote_reset', 'reset']],
  [6, ['upstream_connection_failure', 'connect']],
  [7, ['upstream_connection_termination', 'reset']],
  [8, ['upstream_overflow', 'gateway']],
  [9, ['no_route_found', 'gateway']],
  [10, ['delay_injected', 'gateway']],
  [11, ['fault_injected', 'gateway']],
  [12, ['rate_limited', 'gateway']],
  [13, ['unauthorized', 'gateway']],
  [14, ['rate_limit_service_error', 'gateway']],
  [15, ['downstream_connection_termination', 'left']],
  [16, ['upstream_retry_limit_exceeded', 'gateway']],
  [17, ['stream_idle_timeout', 'timeout']],
  [18, ['invalid_envoy_request_headers', 'gateway']],
  [19, ['downstream_protocol_error', 'left']],
  [20, ['upstream_max_stream_duration_reached', 'timeout']],
  [21, ['response_from_cache_filter', 'gateway']],
  [22, ['no_filter_config_found', 'gateway']],
  [23, ['duration_timeout', 'timeout']],
  [24, ['upstream_protocol_error', 'reset']],
  [25, ['no_cluster_found', 'gateway']],
  [26, ['overload_manager', 'gateway']],
  [27, ['dns_resolution_failure', 'dns']],
]);

/**
 * What went wrong. Envoy has no flag for an attempt that it gave up because the client left, because the time for the whole request was over or because we ended the exchange:
 * its response is not whole, which after an error status says nothing, since Envoy does not read on where another attempt follows.
 */
function failureOf({ flags, reason, address, status, wasSent, isWhole, headers }: Entry): AttemptFailure | undefined {
  const failures = flags.map((field) => flagsByField.get(field)?.[1] ?? 'gateway');
  const failure = failures.find((each) => each === 'left') ?? failures.find((each) => each !== 'gateway') ?? failures.at(0);
  if (failure === 'connect') return address === refusingAddress ? 'dns' : reason.includes('TLS') ? 'tls' : 'connect';
  if (failure !== undefined) return failure;
  if (status === 0) return wasSent ? 'left' : 'gateway';
  return status < 300 && !isWhole && !headers.has(retryHeader) ? 'left' : undefined;
}

function detailsOf({ flags, reason, codeDetails, headers }: Entry): string {
  const why = headers.get(retryHeader);
  return [
    ...flags.map((field) => flagsByField.get(field)?.[0] ?? `flag ${field}`),
    reason,
    codeDetails,
    why === undefined ? '' : `failed by its body: ${why}`,
  ]
    .filter((detail) => detail !== '')
    .join(', ');
}
