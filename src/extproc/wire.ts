import type { Asked, Attributes, DynamicMetadata, Header, Headers, Message, MetadataValue, Proceed, Sent } from './message.ts';
import { ProtobufError, Reader, Writer } from './protobuf.ts';

// Field numbers are those of protos/ext_proc.proto; tests hold both against each other.

/** Envoy's name of the one key under which all attributes of an ext_proc message stand. */
const attributesKey = 'envoy.filters.http.ext_proc';

const CONTINUE_AND_REPLACE = 1;
const OVERWRITE_IF_EXISTS_OR_ADD = 2;
const bodyModes = { none: 0, streamed: 1, buffered: 2 } as const;

/** Reads a ProcessingRequest. Throws ProtobufError for what is none, or of a kind we do not know. */
export function decodeMessage(bytes: Buffer, metadataNamespace: string): Message {
  let read: ((envelope: Envelope) => Message) | undefined;
  const envelope: Envelope = { attributes: new Map(), metadata: new Map() };
  const reader = new Reader(bytes);
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 8) readMetadataContext(reader.message(), metadataNamespace, envelope.metadata);
    else if (field === 9) readAttributes(reader.message(), envelope.attributes);
    else if (field >= 2 && field <= 7) read = readKind(field, reader.message());
  }
  if (read === undefined) throw new ProtobufError('no message of a kind that is known');
  return read(envelope);
}

/** What stands beside the message proper, and may come before or after it. */
interface Envelope {
  attributes: Map<string, string | number>;
  metadata: Map<string, string>;
}

function readKind(field: number, reader: Reader): (envelope: Envelope) => Message {
  switch (field) {
    case 2: {
      const { headers, endOfStream } = readHttpHeaders(reader);
      return ({ attributes, metadata }) => ({ type: 'request-headers', headers, endOfStream, attributes, metadata });
    }
    case 3: {
      const { headers, endOfStream } = readHttpHeaders(reader);
      return ({ attributes }: { attributes: Attributes }) => ({ type: 'response-headers', headers, endOfStream, attributes });
    }
    case 4: {
      const { body } = readHttpBody(reader);
      return () => ({ type: 'request-body', body });
    }
    case 5: {
      const { body, endOfStream } = readHttpBody(reader);
      return () => ({ type: 'response-body', body, endOfStream });
    }
    default:
      return () => ({ type: field === 6 ? 'request-trailers' : 'response-trailers' });
  }
}

function readHttpHeaders(reader: Reader): { headers: Headers; endOfStream: boolean } {
  const headers = new Map<string, string>();
  let endOfStream = false;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) readHeaderMap(reader.message(), headers);
    else if (field === 3) endOfStream = reader.flag();
  }
  return { headers, endOfStream };
}

function readHeaderMap(reader: Reader, headers: Map<string, string>): void {
  reader.sliceStrings();
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field !== 1) continue;
    const entry = reader.message();
    let key = '';
    let value = '';
    for (let part = entry.next(); part !== 0; part = entry.next()) {
      if (part === 1) key = entry.latin1();
      else if (part === 2 || part === 3) value = entry.latin1() || value; // `value` or `raw_value`: one of them is empty
    }
    const earlier = headers.get(key);
    headers.set(key, earlier === undefined ? value : `${earlier}, ${value}`);
  }
}

const nothing = Buffer.alloc(0);

function readHttpBody(reader: Reader): { body: Buffer; endOfStream: boolean } {
  let body: Buffer = nothing;
  let endOfStream = false;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) body = reader.bytes();
    else if (field === 2) endOfStream = reader.flag();
  }
  return { body, endOfStream };
}

function readAttributes(reader: Reader, into: Map<string, string | number>): void {
  readMapEntry(reader, (key, value) => {
    if (key === attributesKey) readStruct(value, (name, scalar) => into.set(name, scalar));
  });
}

function readMetadataContext(reader: Reader, namespace: string, into: Map<string, string>): void {
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field !== 1) continue;
    readMapEntry(reader.message(), (key, value) => {
      if (key !== namespace) return;
      readStruct(value, (name, scalar) => {
        if (typeof scalar === 'string') into.set(name, scalar);
      });
    });
  }
}

/** An entry of a map whose values are messages. */
function readMapEntry(reader: Reader, take: (key: string, value: Reader) => void): void {
  let key = '';
  let value: Reader | undefined;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) key = reader.utf8();
    else if (field === 2) value = reader.message();
  }
  if (value !== undefined) take(key, value);
}

/** The strings and numbers of a google.protobuf.Struct. */
function readStruct(reader: Reader, take: (name: string, scalar: string | number) => void): void {
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field !== 1) continue;
    readMapEntry(reader.message(), (name, value) => {
      for (let kind = value.next(); kind !== 0; kind = value.next()) {
        if (kind === 2) take(name, value.double());
        else if (kind === 3) take(name, value.utf8());
      }
    });
  }
}

const replyFields = {
  'request-headers': 1,
  'response-headers': 2,
  'request-body': 3,
  'response-body': 4,
  'request-trailers': 5,
  'response-trailers': 6,
} as const satisfies Record<Asked, number>;

/** Writes the ProcessingResponse to a message of the given type, with `room` free bytes in front. */
export function encodeReply(reply: Sent, to: Asked, room = 0): Buffer {
  if (reply.type === 'wait') return encodeWait(reply.forMs, room);
  const writer = new Writer(1024 + (reply.body?.length ?? 0));
  if (reply.type === 'immediate') {
    writer.message(7, () => {
      writer.utf8(5, reply.details);
      writer.bytes(3, reply.body);
      writer.message(2, () => writeSetHeaders(writer, reply.headers));
      writer.message(1, () => writer.number(1, reply.status));
    });
    return writer.finish(room);
  }
  if (reply.responseBody !== undefined) writeModeOverride(writer, bodyModes[reply.requestBody ?? 'buffered'], bodyModes[reply.responseBody]);
  if (reply.metadata !== undefined) writeMetadata(writer, reply.metadata);
  writer.message(replyFields[to], () => {
    if (to !== 'request-trailers' && to !== 'response-trailers') writer.message(1, () => writeCommonResponse(writer, reply));
  });
  return writer.finish(room);
}

/** A message that has nothing but `override_message_timeout` in it. */
function encodeWait(forMs: number, room: number): Buffer {
  const writer = new Writer(32 + room);
  writer.message(10, () => {
    writer.number(2, (forMs % 1000) * 1_000_000);
    writer.number(1, Math.floor(forMs / 1000));
  });
  return writer.finish(room);
}

/** Both body modes are always named: an unset one means NONE. */
function writeModeOverride(writer: Writer, requestBody: number, responseBody: number): void {
  writer.message(9, () => {
    writer.number(4, responseBody);
    writer.number(3, requestBody);
  });
}

function writeCommonResponse(writer: Writer, { setHeaders, removeHeaders, body, replacesRequest, clearRouteCache }: Proceed): void {
  if (clearRouteCache === true) writer.number(5, 1);
  if (body !== undefined) writer.message(3, () => writer.bytes(1, body));
  if (setHeaders !== undefined || removeHeaders !== undefined) {
    writer.message(2, () => {
      for (let index = (removeHeaders?.length ?? 0) - 1; index >= 0; index--) writer.latin1(2, removeHeaders?.[index] as string);
      writeSetHeaders(writer, setHeaders ?? []);
    });
  }
  if (replacesRequest === true) writer.number(1, CONTINUE_AND_REPLACE);
}

/** Values go as raw bytes: Envoy takes `value` and `raw_value` as exclusive, and only the latter holds any byte. */
function writeSetHeaders(writer: Writer, headers: readonly Header[]): void {
  for (let index = headers.length - 1; index >= 0; index--) {
    const [key, value] = headers[index] as Header;
    writer.message(1, () => {
      writer.number(3, OVERWRITE_IF_EXISTS_OR_ADD);
      writer.message(1, () => {
        writer.latin1(3, value);
        writer.latin1(1, key);
      });
    });
  }
}

function writeMetadata(writer: Writer, metadata: DynamicMetadata): void {
  writer.message(8, () => writeFields(writer, metadata));
}

/** The fields of a google.protobuf.Struct. */
function writeFields(writer: Writer, fields: Readonly<Record<string, MetadataValue>>): void {
  for (const [name, value] of Object.entries(fields).toReversed()) {
    writer.message(1, () => {
      writer.message(2, () => writeValue(writer, value));
      writer.utf8(1, name);
    });
  }
}

/** A google.protobuf.Value. */
function writeValue(writer: Writer, value: MetadataValue): void {
  if (typeof value === 'string') writer.utf8(3, value);
  else if (typeof value === 'number') writer.double(2, value);
  else if (isList(value)) {
    writer.message(6, () => {
      for (const item of value.toReversed()) writer.message(1, () => writeValue(writer, item));
    });
  } else writer.message(5, () => writeFields(writer, value));
}

const isList = (value: MetadataValue): value is readonly MetadataValue[] => Array.isArray(value);
