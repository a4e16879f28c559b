import { expect, test } from 'vitest';
import { certificateOf, matchCertificate } from './certificates.ts';
import { sourceOf, toNetworks } from './source.ts';
import type { CertificateName } from './rules.ts';

const isProxy = toNetworks(['127.0.0.6']);
const read = (from: string, headers: Record<string, string>, attributes: Record<string, string> = {}) => {
  const opening = { headers: new Map(Object.entries(headers)), attributes: new Map(Object.entries({ 'source.address': from, ...attributes })) };
  return certificateOf(opening, () => sourceOf(opening.attributes), isProxy);
};

const forwarded = { 'x-forwarded-client-cert': 'By=x;URI=spiffe://cluster/ns/web/sa/shop' };
const connection = { 'connection.uri_san_peer_certificate': 'spiffe://cluster/ns/llm/sa/ingress' };

test('a proxy of the config says whose certificate it has seen', () => {
  expect(read('127.0.0.6:1', forwarded)?.spiffe).toBe('spiffe://cluster/ns/web/sa/shop');
  expect(read('127.0.0.6:1', forwarded, connection)?.spiffe).toBe('spiffe://cluster/ns/web/sa/shop');
});

test('nobody else does', () => {
  expect(read('127.0.0.7:1', forwarded)).toBeUndefined();
  expect(read('127.0.0.7:1', forwarded, connection)?.spiffe).toBe('spiffe://cluster/ns/llm/sa/ingress');
});

test('a certificate without names is none', () => {
  expect(read('127.0.0.7:1', {}, { 'connection.subject_peer_certificate': '' })).toBeUndefined();
});

test.each<[CertificateName, string, string, boolean]>([
  ['spiffe', 'spiffe://c/ns/web/sa/shop', 'spiffe://c/ns/web/sa/shop', true],
  ['spiffe', 'spiffe://c/ns/web/sa/shop', 'spiffe://c/ns/web/sa/shop2', false],
  ['spiffe', 'spiffe://c/ns/web/*', 'spiffe://c/ns/web/sa/shop', true],
  ['spiffe', 'spiffe://c/ns/web/*', 'spiffe://c/ns/web', false],
  ['spiffe', 'spiffe://c/ns/web/*', 'spiffe://c/ns/web/', false],
  ['spiffe', 'spiffe://c/ns/web/*', 'spiffe://c/ns/web/../admin', false],
  ['spiffe', 'spiffe://c/ns/web/*', 'spiffe://c/ns/web//x', false],
  ['spiffe', 'spiffe://c/ns/web/*', 'spiffe://c/ns/website/sa/x', false],
  ['spiffe', 'spiffe://c/*', 'spiffe://c.evil/x', false],
  ['spiffe', 'spiffe://c/*', `spiffe://c/${'a'.repeat(3000)}`, false],
  ['dns', 'shop.example.com', 'Shop.example.com', true],
  ['dns', '*.example.com', 'shop.example.com', true],
  ['dns', '*.example.com', '.example.com', false],
  ['dns', '*.example.com', 'example.com', false],
  ['dns', '*.example.com', 'evilexample.com', false],
  ['subject', 'CN=shop', 'CN=shop', true],
  ['subject', 'CN=shop', 'CN=Shop', false],
])('a rule for %s %s fits %s: %s', (by, name, own, fits) => {
  const certificate = { spiffe: undefined, dns: undefined, subject: undefined, [by]: own };
  expect(matchCertificate(certificate, [{ by, name, tenant: 'web' }])).toEqual(fits ? { tenant: 'web', name: own } : undefined);
});

test('the first rule that fits counts', () => {
  const rules = [
    { by: 'spiffe', name: 'spiffe://c/ns/web/sa/shop', tenant: 'shop' },
    { by: 'spiffe', name: 'spiffe://c/ns/web/*', tenant: 'web' },
  ] as const;
  const certificate = { spiffe: 'spiffe://c/ns/web/sa/shop', dns: undefined, subject: undefined };
  expect(matchCertificate(certificate, rules)?.tenant).toBe('shop');
});
