import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readForwardedCertificate } from './xfcc.ts';

const spiffeIn = (header: string) => readForwardedCertificate(header)?.spiffe;

test('reads what Istio sends', () => {
  const header =
    'By=spiffe://cluster.local/ns/llm/sa/remora;Hash=0d2a7cb5;Subject="";URI=spiffe://cluster.local/ns/marketing/sa/website;DNS=website.marketing';
  expect(readForwardedCertificate(header)).toEqual({
    spiffe: 'spiffe://cluster.local/ns/marketing/sa/website',
    dns: 'website.marketing',
    subject: '',
  });
});

test('the last element counts: the nearest proxy has added it, and the others are hearsay', () => {
  expect(spiffeIn('URI=spiffe://cluster/ns/admin/sa/root,By=x;URI=spiffe://cluster/ns/web/sa/shop')).toBe('spiffe://cluster/ns/web/sa/shop');
  expect(spiffeIn('URI=spiffe://cluster/ns/admin/sa/root, By=x;Hash=y')).toBeUndefined();
});

test.each([
  ['Subject="CN=a, O=\\"b\\";c"', 'CN=a, O="b";c'],
  ['SUBJECT=CN', 'CN'],
  ['subject="a\\b" ; Hash=x', 'a\\b'],
])('reads a subject from %s', (header, subject) => {
  expect(readForwardedCertificate(header)?.subject).toBe(subject);
});

test('a certificate with two URIs has no SPIFFE id, nor has one of another kind', () => {
  expect(spiffeIn('URI=spiffe://a/b;URI=spiffe://a/c')).toBeUndefined();
  expect(spiffeIn('URI=https://a/b')).toBeUndefined();
});

test.each([
  ['an empty header', ''],
  ['no field', 'spiffe://a/b'],
  ['a quote that is never closed', 'Subject="a;URI=spiffe://a/b'],
  ['a quote within a value', 'Subject=a"b";URI=spiffe://a/b'],
  ['text behind a quote', 'Subject="a"b;URI=spiffe://a/b'],
  ['an element without fields at the end', 'URI=spiffe://a/b,'],
  ['a name with spaces within', 'U RI=spiffe://a/b'],
  ['too long a header', `Subject="${'a'.repeat(40_000)}";URI=spiffe://a/b`],
  ['too many fields', `${'Hash=x;'.repeat(1000)}URI=spiffe://a/b`],
])('reads nothing from %s', (_, header) => {
  expect(readForwardedCertificate(header)).toBeUndefined();
});

const own = 'By=spiffe://cluster/ns/llm/sa/remora;Hash=0d2a;Subject="CN=a,O=\\"x\\"";URI=spiffe://cluster/ns/web/sa/shop';

test.each(['A="', 'URI=spiffe://cluster/ns/admin/sa/root;A="', 'A="b\\', 'A="";B="', 'URI=spiffe://cluster/ns/admin/sa/root;A="b\\"', 'A=\\"', '"'])(
  'a caller that sends %s before it is nobody else',
  (sent) => {
    expect(spiffeIn(`${sent},${own}`) ?? 'spiffe://cluster/ns/web/sa/shop').toBe('spiffe://cluster/ns/web/sa/shop');
  },
);

test('whatever a caller sends before the element of the proxy, and whatever its subject is, it has its own id or none', () => {
  const letters = fc.string({ unit: fc.constantFrom('"', '\\', ',', ';', '=', 'a', ' ', 'URI=spiffe://evil/x', 'Subject='), maxLength: 20 });
  fc.assert(
    fc.property(letters, letters, (sent, subject) => {
      const escaped = subject.replaceAll('"', '\\"');
      const header = `${sent},By=b;Subject="${escaped}";URI=spiffe://good/x`;
      expect([undefined, 'spiffe://good/x']).toContain(spiffeIn(header));
    }),
    { numRuns: 5000 },
  );
});
