import type { Attributes, DynamicMetadata, Headers, Message, MetadataValue, Reply } from './message.ts';

/** protobuf messages as proto-loader gives and takes them with `keepCase` alone; fields that are unset are absent. */
export interface WireRequest {
  request_headers?: WireHttpHeaders;
  response_headers?: WireHttpHeaders;
  request_body?: WireBody;
  response_body?: WireBody;
  request_trailers?: object;
  response_trailers?: object;
  metadata_context?: { filter_metadata?: Record<string, WireStruct> };
  attributes?: Record<string, WireStruct>;
}
interface WireHttpHeaders {
  headers?: { headers?: { key: string; value?: string; raw_value?: Buffer }[] };
  end_of_stream?: boolean;
}
interface WireBody {
  body?: Buffer;
  end_of_stream?: boolean;
}
interface WireStruct {
  fields?: Record<string, WireValue>;
}
interface WireValue {
  stringValue?: string;
  numberValue?: number;
  structValue?: WireStruct;
  listValue?: { values: WireValue[] };
}

const OVERWRITE_IF_EXISTS_OR_ADD = 2;
const CONTINUE_AND_REPLACE = 1;
const bodyModes = { none: 0, streamed: 1, buffered: 2 } as const;
/** Envoy's name of the one key under which all attributes of an ext_proc message stand. */
const ATTRIBUTES = 'envoy.filters.http.ext_proc';

/** Reads a message of Envoy's. Throws for one of a kind we do not know. */
export function fromWire(wire: WireRequest, metadataNamespace: string): Message {
  if (wire.request_headers !== undefined) {
    return {
      type: 'request-headers',
      headers: readHeaders(wire.request_headers),
      endOfStream: wire.request_headers.end_of_stream === true,
      attributes: readAttributes(wire),
      metadata: readMetadata(wire, metadataNamespace),
    };
  }
  if (wire.response_headers !== undefined) {
    return {
      type: 'response-headers',
      headers: readHeaders(wire.response_headers),
      endOfStream: wire.response_headers.end_of_stream === true,
      attributes: readAttributes(wire),
    };
  }
  if (wire.request_body !== undefined) return { type: 'request-body', body: wire.request_body.body ?? empty };
  if (wire.response_body !== undefined) {
    return { type: 'response-body', body: wire.response_body.body ?? empty, endOfStream: wire.response_body.end_of_stream === true };
  }
  if (wire.request_trailers !== undefined) return { type: 'request-trailers' };
  if (wire.response_trailers !== undefined) return { type: 'response-trailers' };
  throw new Error(`Envoy sent a message of an unknown kind: ${Object.keys(wire).join(', ')}`);
}

const empty = Buffer.alloc(0);

function readHeaders({ headers }: WireHttpHeaders): Headers {
  const map = new Map<string, string>();
  for (const { key, value, raw_value: raw } of headers?.headers ?? []) {
    const text = raw !== undefined && raw.length > 0 ? raw.toString('latin1') : (value ?? '');
    const earlier = map.get(key);
    map.set(key, earlier === undefined ? text : `${earlier}, ${text}`);
  }
  return map;
}

function readAttributes({ attributes }: WireRequest): Attributes {
  const map = new Map<string, string | number>();
  for (const [name, value] of Object.entries(attributes?.[ATTRIBUTES]?.fields ?? {})) {
    const scalar = value.stringValue ?? value.numberValue;
    if (scalar !== undefined) map.set(name, scalar);
  }
  return map;
}

function readMetadata({ metadata_context: context }: WireRequest, namespace: string): ReadonlyMap<string, string> {
  const map = new Map<string, string>();
  for (const [name, { stringValue }] of Object.entries(context?.filter_metadata?.[namespace]?.fields ?? {})) {
    if (stringValue !== undefined) map.set(name, stringValue);
  }
  return map;
}

/** Writes the reply to a message of the given type. */
export function toWire(reply: Reply, to: Message['type']): object {
  if (reply.type === 'immediate') {
    const { status, headers, body, details } = reply;
    return { immediate_response: { status: { code: status }, headers: { set_headers: headers.map(setHeader) }, body, details } };
  }
  if (to === 'request-trailers' || to === 'response-trailers') return { [wireName[to]]: {} };
  const { setHeaders, removeHeaders, body, replacesRequest, clearRouteCache, metadata, responseBody } = reply;
  const response: Record<string, unknown> = {};
  if (replacesRequest === true) response['status'] = CONTINUE_AND_REPLACE;
  if (setHeaders !== undefined || removeHeaders !== undefined) {
    response['header_mutation'] = { set_headers: (setHeaders ?? []).map(setHeader), remove_headers: removeHeaders ?? [] };
  }
  if (body !== undefined) response['body_mutation'] = { body };
  if (clearRouteCache === true) response['clear_route_cache'] = true;
  const wire: Record<string, unknown> = { [wireName[to]]: { response } };
  if (metadata !== undefined) wire['dynamic_metadata'] = writeMetadata(metadata);
  // An unset body mode means NONE, so both are always named.
  if (responseBody !== undefined) wire['mode_override'] = { request_body_mode: bodyModes.buffered, response_body_mode: bodyModes[responseBody] };
  return wire;
}

const wireName = {
  'request-headers': 'request_headers',
  'request-body': 'request_body',
  'response-headers': 'response_headers',
  'response-body': 'response_body',
  'request-trailers': 'request_trailers',
  'response-trailers': 'response_trailers',
} as const satisfies Record<Message['type'], string>;

/** Values go as raw bytes: Envoy takes `value` and `raw_value` as exclusive, and only the latter holds any byte. */
const setHeader = ([key, value]: readonly [string, string]): object => ({
  header: { key, raw_value: Buffer.from(value, 'latin1') },
  append_action: OVERWRITE_IF_EXISTS_OR_ADD,
});

const writeMetadata = (metadata: DynamicMetadata): WireStruct => ({
  fields: Object.fromEntries(Object.entries(metadata).map(([namespace, values]) => [namespace, writeValue(values)])),
});

function writeValue(value: MetadataValue): WireValue {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'number') return { numberValue: value };
  if (Array.isArray(value)) return { listValue: { values: (value as readonly MetadataValue[]).map(writeValue) } };
  return { structValue: { fields: Object.fromEntries(Object.entries(value).map(([key, field]) => [key, writeValue(field)])) } };
}
