import { expect, test } from 'vitest';
import { neighbourhoodOf, sourceOf, toNetworks } from './source.ts';

const from = (address: string) => sourceOf(new Map([['source.address', address]]));

test.each([
  ['192.0.2.7:49152', { address: '192.0.2.7', family: 'ipv4' }],
  ['[2001:db8::1]:49152', { address: '2001:db8::1', family: 'ipv6' }],
  ['[::ffff:192.0.2.7]:49152', { address: '192.0.2.7', family: 'ipv4' }],
  ['[fe80::1%eth0]:49152', { address: 'fe80::1', family: 'ipv6' }],
  ['/run/envoy.sock', undefined],
  ['', undefined],
])('reads the address of %j', (written, source) => {
  expect(from(written)).toEqual(source);
});

test('a connection without an address has no source', () => {
  expect(sourceOf(new Map())).toBeUndefined();
});

test.each([
  [['10.0.0.0/8'], '10.255.0.1:1', true],
  [['10.0.0.0/8'], '11.0.0.1:1', false],
  [['10.0.0.0/8'], '[::ffff:10.0.0.1]:1', true],
  [['192.0.2.7'], '192.0.2.7:1', true],
  [['192.0.2.7'], '192.0.2.8:1', false],
  [['2001:db8::/32'], '[2001:db8:ffff::1]:1', true],
  [['2001:db8::/32'], '[2001:db9::1]:1', false],
  [['::1', '127.0.0.1/32'], '127.0.0.1:1', true],
  [['0.0.0.0/0'], '[2001:db8::1]:1', false],
  [['0.0.0.0/0', '::/0'], 'nowhere', false],
  [[], '127.0.0.1:1', false],
])('of %j, %s is in: %s', (networks, address, isIn) => {
  expect(toNetworks(networks)(from(address))).toBe(isIn);
});

test.each([
  ['192.0.2.7:1', '192.0.2.8:1', false],
  ['192.0.2.7:1', '192.0.2.7:2', true],
  ['[2001:db8:0:1:aaaa::1]:1', '[2001:db8:0:1:bbbb:1:2:3]:1', true],
  ['[2001:db8:0:1::1]:1', '[2001:db8:0:2::1]:1', false],
  ['[::1]:1', '[::2]:1', true],
  ['[1::1]:1', '[1:0:0:0:5::1]:1', true],
  ['[2001:DB8::1]:1', '[2001:0db8::2]:1', true],
])('%s and %s are neighbours: %s', (one, other, are) => {
  const [a, b] = [from(one), from(other)];
  if (a === undefined || b === undefined) throw new Error('no address');
  expect(neighbourhoodOf(a) === neighbourhoodOf(b)).toBe(are);
});
