import { fileURLToPath } from 'node:url';
import { loadSync } from '@grpc/proto-loader';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Header, Sent } from './message.ts';
import { ProtobufError } from './protobuf.ts';
import { decodeMessage, encodeReply } from './wire.ts';

// What a protobuf library makes of protos/ext_proc.proto is the measure for our own reading and writing.
const service = loadSync(fileURLToPath(new URL('../../protos/ext_proc.proto', import.meta.url)), { keepCase: true })[
  'envoy.service.ext_proc.v3.ExternalProcessor'
];
const { requestSerialize, responseDeserialize } = (service as unknown as { Process: Library }).Process;
interface Library {
  requestSerialize(value: object): Buffer;
  responseDeserialize(bytes: Buffer): object;
}

const received = (message: object) => decodeMessage(requestSerialize(message), 'remora');
const sent = (reply: Sent, to: Parameters<typeof encodeReply>[1]) => responseDeserialize(encodeReply(reply, to));

const struct = (fields: Record<string, string | number>) => ({
  fields: Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, typeof value === 'string' ? { stringValue: value } : { numberValue: value }]),
  ),
});

describe('reads what the library writes:', () => {
  const ascii = fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 200 });

  test('headers, attributes and metadata of any content and size', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(ascii, ascii), { selector: ([key]) => key, maxLength: 40 }),
        fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.double({ noNaN: true }))),
        fc.dictionary(fc.string(), fc.string()),
        fc.boolean(),
        (headers, attributes, metadata, endOfStream) => {
          const message = received({
            metadata_context: { filter_metadata: { other: struct({ exchange_id: 'no' }), remora: struct(metadata) } },
            request_headers: {
              headers: { headers: headers.map(([key, value]) => ({ key, raw_value: Buffer.from(value) })) },
              end_of_stream: endOfStream,
            },
            attributes: { 'envoy.filters.http.ext_proc': struct(attributes) },
          });
          expect(message).toEqual({
            type: 'request-headers',
            headers: new Map(headers),
            endOfStream,
            attributes: new Map(Object.entries(attributes)),
            metadata: new Map(Object.entries(metadata)),
          });
        },
      ),
    );
  });

  test('bodies, empty ones included', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70_000 }), fc.boolean(), (bytes, endOfStream) => {
        const body = Buffer.from(bytes);
        expect(received({ response_body: { body, end_of_stream: endOfStream } })).toEqual({ type: 'response-body', body, endOfStream });
        expect(received({ request_body: { body, end_of_stream: endOfStream } })).toEqual({ type: 'request-body', body });
      }),
    );
    expect(received({ response_body: { end_of_stream: true } })).toEqual({ type: 'response-body', body: Buffer.alloc(0), endOfStream: true });
  });

  test('header values of bytes beyond ASCII, as characters of the same code', () => {
    const headers = [{ key: 'x', raw_value: Buffer.from([0xe9, 0xff]) }];
    expect(received({ response_headers: { headers: { headers } } })).toMatchObject({ headers: new Map([['x', '\u00e9\u00ff']]) });
  });

  test('a header that comes twice, joined; one in the older field for text', () => {
    const headers = [
      { key: 'accept', raw_value: Buffer.from('a') },
      { key: 'accept', value: 'b' },
    ];
    expect(received({ request_headers: { headers: { headers } } })).toMatchObject({ headers: new Map([['accept', 'a, b']]) });
  });

  test.each(['request_trailers', 'response_trailers'])('%s', (kind) => {
    expect(received({ [kind]: {} })).toEqual({ type: kind.replace('_', '-') });
  });
});

describe('refuses', () => {
  test('a message of a kind it does not know', () => {
    expect(() => received({})).toThrow(ProtobufError);
  });

  test('every message that was cut, and never reads beyond its end', () => {
    const bytes = requestSerialize({ request_headers: { headers: { headers: [{ key: 'a', raw_value: Buffer.from('b') }] }, end_of_stream: true } });
    for (let end = 0; end < bytes.length; end++)
      expect(() => decodeMessage(bytes.subarray(0, end), 'remora'), `cut at ${end}`).toThrow(ProtobufError);
  });

  test('any other bytes, by a ProtobufError and nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          decodeMessage(Buffer.from(bytes), 'remora');
        } catch (error) {
          expect(error).toBeInstanceOf(ProtobufError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('writes what the library reads:', () => {
  const header = fc.tuple(fc.string({ unit: 'binary-ascii', minLength: 1 }), fc.string({ unit: 'binary-ascii', maxLength: 300 }));

  test('header and body changes of any content and size', () => {
    fc.assert(
      fc.property(
        fc.array(header, { minLength: 1, maxLength: 40 }),
        fc.array(fc.string({ unit: 'binary-ascii', minLength: 1 }), { minLength: 1 }),
        fc.uint8Array({ maxLength: 5000 }),
        (setHeaders, removeHeaders, bytes) => {
          const body = Buffer.from(bytes);
          expect(
            sent({ type: 'proceed', setHeaders, removeHeaders, body, clearRouteCache: true, replacesRequest: true }, 'request-body'),
          ).toMatchObject({
            request_body: {
              response: {
                status: 1,
                header_mutation: { set_headers: setHeaders.map(asWire), remove_headers: removeHeaders },
                body_mutation: { body },
                clear_route_cache: true,
              },
            },
          });
        },
      ),
    );
  });

  const asWire = ([key, value]: Header) => ({ header: { key, raw_value: Buffer.from(value, 'latin1') }, append_action: 2 });

  test('an empty body as a mutation, so that a swallowed chunk is not passed on', () => {
    expect(sent({ type: 'proceed', body: Buffer.alloc(0) }, 'response-body')).toMatchObject({
      response_body: { response: { body_mutation: { body: Buffer.alloc(0) } } },
    });
  });

  test('nothing that was not said', () => {
    expect(JSON.parse(JSON.stringify(sent({ type: 'proceed' }, 'response-headers')))).toEqual({ response_headers: { response: {} } });
    expect(JSON.parse(JSON.stringify(sent({ type: 'proceed' }, 'request-trailers')))).toEqual({ request_trailers: {} });
  });

  test.each([
    ['none', 0],
    ['streamed', 1],
    ['buffered', 2],
  ] as const)('the mode of the answer’s body (%s), always with that of the request’s', (responseBody, mode) => {
    const written = JSON.parse(JSON.stringify(sent({ type: 'proceed', responseBody }, 'response-headers')));
    expect(written.mode_override).toEqual({ request_body_mode: 2, response_body_mode: mode });
  });

  test('nested metadata, in its order', () => {
    const metadata = {
      remora: { exchange_id: 'é', content_length: 20_971_520 },
      'remora.chain': {
        priority_groups: [
          { name: '1', clusters: [{ cluster_name: 'p_a', weight: 1 }] },
          { name: '2', clusters: [] },
        ],
      },
    };
    const written = JSON.parse(JSON.stringify(sent({ type: 'proceed', metadata }, 'request-body')));
    expect(plain({ structValue: written.dynamic_metadata })).toEqual(metadata);
  });

  test('a wait, alone in its message', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 900_000 }), (forMs) => {
        const written = JSON.parse(JSON.stringify(sent({ type: 'wait', forMs }, 'request-body')));
        const { seconds = { low: 0 }, nanos = 0 } = written.override_message_timeout;
        expect([Object.keys(written), Math.round(seconds.low * 1000 + nanos / 1_000_000)]).toEqual([['override_message_timeout'], forMs]);
      }),
    );
  });

  test('an immediate response', () => {
    const reply = { type: 'immediate', status: 429, headers: [['x-a', 'b']], body: Buffer.from('{}'), details: 'remora_x' } as const;
    expect(sent(reply, 'request-body')).toMatchObject({
      immediate_response: { status: { code: 429 }, headers: { set_headers: [asWire(['x-a', 'b'])] }, body: Buffer.from('{}'), details: 'remora_x' },
    });
  });
});

interface Value {
  stringValue?: string;
  numberValue?: number;
  listValue?: { values?: Value[] };
  structValue?: { fields?: Record<string, Value> };
}

/** A google.protobuf.Value as the data it stands for. */
function plain({ stringValue, numberValue, listValue, structValue }: Value): unknown {
  if (listValue !== undefined) return (listValue.values ?? []).map(plain);
  if (structValue !== undefined) return Object.fromEntries(Object.entries(structValue.fields ?? {}).map(([name, value]) => [name, plain(value)]));
  return stringValue ?? numberValue;
}
