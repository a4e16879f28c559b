import { fileURLToPath } from 'node:url';
import { loadSync } from '@grpc/proto-loader';
import { expect, test } from 'vitest';
import { fromWire, toWire, type WireRequest } from './wire.ts';

const definition = loadSync(fileURLToPath(new URL('../../protos/ext_proc.proto', import.meta.url)), { keepCase: true });
const service = definition['envoy.service.ext_proc.v3.ExternalProcessor'];
if (service === undefined || 'format' in service) throw new Error('no service');
const { requestSerialize, requestDeserialize, responseSerialize, responseDeserialize } = service['Process'] as unknown as {
  requestSerialize(value: object): Buffer;
  requestDeserialize(bytes: Buffer): WireRequest;
  responseSerialize(value: object): Buffer;
  responseDeserialize(bytes: Buffer): object;
};

const received = (wire: object) => fromWire(requestDeserialize(requestSerialize(wire)), 'remora');

test('reads headers as raw bytes, repeated ones joined', () => {
  const headers = [
    { key: ':path', raw_value: Buffer.from('/v1') },
    { key: 'accept', raw_value: Buffer.from('a') },
    { key: 'accept', value: 'b' },
  ];
  expect(received({ request_headers: { headers: { headers }, end_of_stream: true } })).toMatchObject({
    type: 'request-headers',
    endOfStream: true,
    headers: new Map([
      [':path', '/v1'],
      ['accept', 'a, b'],
    ]),
  });
});

test('reads attributes and the metadata of our own namespace', () => {
  const message = received({
    request_headers: {},
    attributes: {
      'envoy.filters.http.ext_proc': { fields: { 'xds.cluster_name': { stringValue: 'p_x' }, 'upstream.request_attempt_count': { numberValue: 2 } } },
    },
    metadata_context: {
      filter_metadata: { remora: { fields: { exchange_id: { stringValue: 'e1' } } }, other: { fields: { exchange_id: { stringValue: 'no' } } } },
    },
  });
  expect(message).toMatchObject({
    attributes: new Map<string, string | number>([
      ['xds.cluster_name', 'p_x'],
      ['upstream.request_attempt_count', 2],
    ]),
    metadata: new Map([['exchange_id', 'e1']]),
  });
});

test('reads an empty last chunk, which has no body field', () => {
  expect(received({ response_body: { end_of_stream: true } })).toEqual({ type: 'response-body', body: Buffer.alloc(0), endOfStream: true });
});

test('refuses a message of a kind it does not know', () => {
  expect(() => received({})).toThrow('unknown kind');
});

test('writes an empty body as a mutation, so that a swallowed chunk is not passed on', () => {
  const sent = responseDeserialize(responseSerialize(toWire({ type: 'proceed', body: Buffer.alloc(0) }, 'response-body')));
  expect(sent).toMatchObject({ response_body: { response: { body_mutation: { body: Buffer.alloc(0) } } } });
});

test('always names both body modes when it overrides one', () => {
  expect(toWire({ type: 'proceed', responseBody: 'none' }, 'response-headers')).toMatchObject({
    mode_override: { request_body_mode: 2, response_body_mode: 0 },
  });
});

test('writes nested metadata', () => {
  const sent = responseDeserialize(
    responseSerialize(
      toWire(
        { type: 'proceed', metadata: { 'remora.chain': { priority_groups: [{ name: '1', clusters: [{ cluster_name: 'p_x', weight: 1 }] }] } } },
        'request-body',
      ),
    ),
  );
  expect(JSON.parse(JSON.stringify(sent))).toMatchObject({
    dynamic_metadata: {
      fields: {
        'remora.chain': {
          structValue: { fields: { priority_groups: { listValue: { values: [{ structValue: { fields: { name: { stringValue: '1' } } } }] } } } },
        },
      },
    },
  });
});
