import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkSignature } from './signature.ts';
import type { AccessKey } from './signature.ts';
import type { Call } from '../vendor.ts';

const key: AccessKey = { accessKeyId: 'AKIADEMO', secretAccessKey: 'secret' };
const nowMs = Date.parse('2026-11-21T12:00:00Z');

interface Signing {
  body?: string;
  path?: string;
  headers?: Record<string, string>;
  credentials?: AccessKey;
  region?: string;
  service?: string;
  atMs?: number;
}

/** A call as AWS's own signer signs it. */
async function signed({ body = '{}', path = '/model/a/converse', headers = {}, credentials = key, ...rest }: Signing = {}): Promise<Call> {
  const { region = 'eu-central-1', service = 'bedrock', atMs = nowMs } = rest;
  const signer = new SignatureV4({ credentials: { ...credentials, sessionToken: credentials.sessionToken ?? '' }, region, service, sha256: Sha256 });
  const request = { method: 'POST', protocol: 'http:', hostname: 'h', path, query: {}, headers: { host: 'h:1', ...headers }, body };
  const result = await signer.sign(request, { signingDate: new Date(atMs) });
  return { method: 'POST', url: path, headers: result.headers, body: Buffer.from(body) };
}

const refusalOf = (call: Call, wanted: AccessKey = key): string | undefined => checkSignature(call, wanted, nowMs)?.type;

test('what AWS’s own signer signs is let in, whatever the path, headers and body', async () => {
  const segment = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }).map(encodeURIComponent);
  const value = fc.stringMatching(/^[!-~]([ -~]{0,12}[!-~])?$/);
  const headers = fc.dictionary(fc.stringMatching(/^x-amz-[a-z]{1,6}$/), value, { maxKeys: 3 });
  await fc.assert(
    fc.asyncProperty(fc.array(segment, { minLength: 1, maxLength: 4 }), headers, fc.string(), async (segments, more, body) => {
      expect(checkSignature(await signed({ path: `/${segments.join('/')}`, headers: more, body }), key, nowMs)).toBeUndefined();
    }),
    { numRuns: 50 },
  );
});

test('an ARN in the path is escaped twice', async () => {
  const path =
    '/model/arn%3Aaws%3Abedrock%3Aeu-central-1%3A123456789012%3Ainference-profile%2Feu.anthropic.claude-haiku-4-5-20251001-v1%3A0/converse';
  expect(refusalOf(await signed({ path }))).toBeUndefined();
});

test.each<[string, (call: Call) => Call]>([
  ['another body', (call) => ({ ...call, body: Buffer.from('{} ') })],
  ['another path', (call) => ({ ...call, url: '/model/b/converse' })],
  ['a query', (call) => ({ ...call, url: `${call.url}?a=b` })],
  ['another method', (call) => ({ ...call, method: 'PUT' })],
  ['another host', (call) => ({ ...call, headers: { ...call.headers, host: 'h:2' } })],
  ['another signed header', (call) => ({ ...call, headers: { ...call.headers, 'x-amz-a': '2' } })],
  ['a header of AWS’s that is not signed', (call) => ({ ...call, headers: { ...call.headers, 'x-amz-new': '1' } })],
  ['another date', (call) => ({ ...call, headers: { ...call.headers, 'x-amz-date': '20261121T120001Z' } })],
  ['another hash of the body', (call) => ({ ...call, headers: { ...call.headers, 'x-amz-content-sha256': '0'.repeat(64) } })],
])('refuses %s', async (_, change) => {
  expect(refusalOf(change(await signed({ headers: { 'x-amz-a': '1' } })))).toBe('InvalidSignatureException');
});

test('a header that no signature covers may change', async () => {
  const call = await signed();
  expect(refusalOf({ ...call, headers: { ...call.headers, 'x-request-id': '1' } })).toBeUndefined();
});

test.each<[string, Signing, string]>([
  ['another secret', { credentials: { ...key, secretAccessKey: 'other' } }, 'InvalidSignatureException'],
  ['another key', { credentials: { ...key, accessKeyId: 'AKIAOTHER' } }, 'UnrecognizedClientException'],
  ['a session token', { credentials: { ...key, sessionToken: 'x' } }, 'UnrecognizedClientException'],
  ['another service', { service: 'bedrock-runtime' }, 'InvalidSignatureException'],
  ['a region that is none', { region: 'europe' }, 'InvalidSignatureException'],
  ['a date of more than 5 minutes ago', { atMs: nowMs - 301_000 }, 'InvalidSignatureException'],
  ['a date of more than 5 minutes ahead', { atMs: nowMs + 301_000 }, 'InvalidSignatureException'],
])('refuses what is signed with %s', async (_, signing, type) => {
  expect(refusalOf(await signed(signing))).toBe(type);
});

test('takes a date within 5 minutes', async () => {
  expect(refusalOf(await signed({ atMs: nowMs - 299_000 }))).toBeUndefined();
  expect(refusalOf(await signed({ atMs: nowMs + 299_000 }))).toBeUndefined();
});

test('a session token must be there where the key has one', async () => {
  const temporary = { ...key, sessionToken: 'token' };
  expect(refusalOf(await signed({ credentials: temporary }), temporary)).toBeUndefined();
  expect(refusalOf(await signed(), temporary)).toBe('UnrecognizedClientException');
  expect(refusalOf(await signed({ credentials: { ...key, sessionToken: 'other' } }), temporary)).toBe('UnrecognizedClientException');
});

test('only the region that is asked for is taken', async () => {
  expect(refusalOf(await signed(), { ...key, region: 'eu-central-1' })).toBeUndefined();
  expect(refusalOf(await signed(), { ...key, region: 'us-east-1' })).toBe('InvalidSignatureException');
});

test.each([
  '',
  'Basic abc',
  'AWS4-HMAC-SHA256 Credential=AKIADEMO/20261121/eu-central-1/bedrock/aws4_request, SignedHeaders=host',
  'AWS4-HMAC-SHA256 Credential=AKIADEMO/bedrock/aws4_request, SignedHeaders=host, Signature=0',
])('an incomplete header is named as such: %j', async (authorization) => {
  const call = await signed();
  expect(refusalOf({ ...call, headers: { ...call.headers, authorization } })).toBe('IncompleteSignatureException');
});

test('a date must be signed', async () => {
  const call = await signed();
  expect(refusalOf({ ...call, headers: { ...call.headers, 'x-amz-date': undefined } })).toBe('IncompleteSignatureException');
  const authorization = (call.headers.authorization ?? '').replace('x-amz-date', 'x-none');
  expect(refusalOf({ ...call, headers: { ...call.headers, authorization } })).toBe('InvalidSignatureException');
});
