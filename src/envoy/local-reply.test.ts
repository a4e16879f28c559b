import { expect, test } from 'vitest';
import { catalog } from '../errors.ts';
import { localReplies } from './local-reply.ts';

interface Mapper {
  body_format_override: { json_format: { error: { code: keyof typeof catalog } } };
  status_code?: number;
  headers_to_add?: { header: { key: string; value: string } }[];
}

const mappers = localReplies['mappers'] as unknown as readonly Mapper[];
const codeOf = ({ body_format_override: { json_format } }: Mapper): keyof typeof catalog => json_format.error.code;

test('every reply of Envoy’s own has a code of the catalogue, the one that fits all of them last', () => {
  for (const mapper of mappers) expect(catalog).toHaveProperty(codeOf(mapper));
  expect(codeOf(mappers.at(-1) as Mapper)).toBe('gateway-unavailable');
});

test('a WebSocket is refused with a status of our catalogue, for Envoy’s own says that the key may not', () => {
  const refused = mappers.find((mapper) => JSON.stringify(mapper).includes('upgrade_failed'));
  expect(refused && codeOf(refused)).toBe('unknown-endpoint');
  expect(refused?.status_code).toBe(404);
  expect(refused?.headers_to_add?.[0]?.header).toEqual({ key: 'x-remora-error', value: 'unknown-endpoint' });
});

test('an answer that breaks off after its headers is the provider’s fault, with the headers of our errors', () => {
  const cut = mappers.find((mapper) => codeOf(mapper) === 'provider-cut');
  expect(cut?.status_code).toBe(502);
  expect(cut?.headers_to_add?.map(({ header: { key, value } }) => [key, value])).toEqual([
    ['x-remora-error', 'provider-cut'],
    ['x-remora-request-id', '%REQ(x-request-id)%'],
    ['x-request-id', '%REQ(x-request-id)%'],
    ['request-id', '%REQ(x-request-id)%'],
  ]);
});
