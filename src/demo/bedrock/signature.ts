import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Call, Refusal } from '../vendor.ts';

/** Whose calls are let in. */
export interface AccessKey {
  accessKeyId: string;
  secretAccessKey: string;
  /** Temporary credentials have one, and every call must bring it. */
  sessionToken?: string | undefined;
  /** The one region that signatures may be for; any where it is absent. */
  region?: string | undefined;
}

const service = 'bedrock';
const maxSkewMs = 5 * 60_000;

interface Authorization {
  accessKeyId: string;
  /** `DATE/REGION/SERVICE/aws4_request` */
  scope: string;
  date: string;
  region: string;
  signedHeaders: readonly string[];
  signature: string;
}

/** Verifies AWS's Signature Version 4 (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html) by computing it anew from what arrived. */
export function checkSignature(call: Call, key: AccessKey, nowMs: number): Refusal | undefined {
  const authorization = readAuthorization(call.headers.authorization ?? '');
  if ('status' in authorization) return authorization;
  return (
    checkScope(authorization, key) ??
    checkDate(authorization, call.headers, nowMs) ??
    checkHeaders(authorization, call) ??
    compare(authorization, call, key)
  );
}

const refuse = (type: string, message: string): Refusal => ({ status: 403, type, message });
const wrong = (message: string): Refusal => refuse('InvalidSignatureException', message);

function readAuthorization(header: string): Authorization | Refusal {
  const fields = new Map(
    header
      .replace(/^AWS4-HMAC-SHA256\s+/, '')
      .split(',')
      .map((field) => [field.slice(0, field.indexOf('=')).trim(), field.slice(field.indexOf('=') + 1).trim()]),
  );
  const credential = fields.get('Credential');
  const signedHeaders = fields.get('SignedHeaders');
  const signature = fields.get('Signature');
  if (!header.startsWith('AWS4-HMAC-SHA256 ') || !credential || !signedHeaders || !signature) {
    return refuse('IncompleteSignatureException', 'The header Authorization must be AWS4-HMAC-SHA256 with Credential, SignedHeaders and Signature.');
  }
  const [accessKeyId = '', date = '', region = '', scopeService = '', end = '', ...more] = credential.split('/');
  if (end !== 'aws4_request' || more.length > 0 || !/^\d{8}$/.test(date)) {
    return refuse('IncompleteSignatureException', 'The credential must be KEY/YYYYMMDD/REGION/SERVICE/aws4_request.');
  }
  if (scopeService !== service) return wrong(`The credential must be scoped to the service "${service}", not "${scopeService}".`);
  return { accessKeyId, scope: credential.slice(accessKeyId.length + 1), date, region, signedHeaders: signedHeaders.split(';'), signature };
}

function checkScope({ accessKeyId, region }: Authorization, key: AccessKey): Refusal | undefined {
  if (accessKeyId !== key.accessKeyId) return refuse('UnrecognizedClientException', 'The security token of the request is not valid.');
  const isRegion = key.region === undefined ? /^[a-z]{2}(-[a-z]+)+-\d$/.test(region) : region === key.region;
  return isRegion ? undefined : wrong(`The credential must be scoped to a valid region, which "${region}" is not.`);
}

function checkDate({ date }: Authorization, headers: IncomingHttpHeaders, nowMs: number): Refusal | undefined {
  const stamp = String(headers['x-amz-date']);
  const [, year, month, day, hours, minutes, seconds] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(stamp) ?? [];
  if (year === undefined) return refuse('IncompleteSignatureException', 'The header x-amz-date must be YYYYMMDDTHHMMSSZ.');
  if (!stamp.startsWith(date)) return wrong('The date of the credential is not that of x-amz-date.');
  const signedMs = Date.parse(`${year}-${month}-${day}T${hours}:${minutes}:${seconds}Z`);
  if (Math.abs(nowMs - signedMs) <= maxSkewMs) return undefined;
  return wrong(
    signedMs < nowMs ? `The signature expired: ${stamp} is more than 5 minutes ago.` : `The signature is not yet current: ${stamp} is in the future.`,
  );
}

function checkHeaders({ signedHeaders }: Authorization, { headers, body }: Call): Refusal | undefined {
  const required = ['host', 'x-amz-date', ...Object.keys(headers).filter((name) => name.startsWith('x-amz-'))];
  const unsigned = required.find((name) => !signedHeaders.includes(name));
  if (unsigned !== undefined) return wrong(`The header ${unsigned} must be signed.`);
  const isOrdered = signedHeaders.every((name, index) => name === name.toLowerCase() && (index === 0 || (signedHeaders[index - 1] ?? '') < name));
  if (!isOrdered) return wrong('The signed headers must be in lower case and sorted.');
  const hash = headers['x-amz-content-sha256'];
  return hash === undefined || hash === sha256(body) ? undefined : wrong('x-amz-content-sha256 is not the hash of the body.');
}

function compare(authorization: Authorization, call: Call, { secretAccessKey, sessionToken }: AccessKey): Refusal | undefined {
  if (call.headers['x-amz-security-token'] !== sessionToken) {
    return refuse('UnrecognizedClientException', 'The security token of the request is not valid.');
  }
  const expected = Buffer.from(sign(authorization, call, secretAccessKey));
  const given = Buffer.from(authorization.signature);
  if (expected.length === given.length && timingSafeEqual(expected, given)) return undefined;
  return wrong('The signature of the request is not the one computed from it. Look at the secret access key and at how it is signed.');
}

function sign({ date, region, scope, signedHeaders }: Authorization, call: Call, secretAccessKey: string): string {
  const toSign = ['AWS4-HMAC-SHA256', call.headers['x-amz-date'], scope, sha256(canonicalRequest(call, signedHeaders))].join('\n');
  const key = [date, region, service, 'aws4_request'].reduce<Buffer>((secret, part) => hmac(secret, part), Buffer.from(`AWS4${secretAccessKey}`));
  return hmac(key, toSign).toString('hex');
}

function canonicalRequest({ method, url, headers, body }: Call, signedHeaders: readonly string[]): string {
  const [path = '', query = ''] = url.split('?', 2);
  const lines = signedHeaders.map((name) => `${name}:${canonicalValue(headers[name])}\n`);
  return [method, canonicalPath(path), canonicalQuery(query), lines.join(''), signedHeaders.join(';'), sha256(body)].join('\n');
}

const canonicalValue = (value: string | string[] | undefined): string => [value ?? []].flat().join(',').trim().replace(/\s+/g, ' ');

/** Dot segments and empty ones fall away, and what is escaped already is escaped again, as for every service but S3. */
function canonicalPath(path: string): string {
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '.' && segment !== '') segments.push(segment);
  }
  const end = segments.length > 0 && path.endsWith('/') ? '/' : '';
  return `/${segments.map(escapeUri).join('/')}${end}`;
}

function canonicalQuery(query: string): string {
  const pairs = query.split('&').flatMap((pair) => {
    if (pair === '') return [];
    const [name = '', ...value] = pair.split('=');
    return [`${escapeUri(decodeURIComponent(name))}=${escapeUri(decodeURIComponent(value.join('=')))}`];
  });
  return pairs.toSorted().join('&');
}

/** RFC 3986: all but letters, digits and `-_.~`. */
const escapeUri = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);

const sha256 = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const hmac = (key: Uint8Array, text: string): Buffer => createHmac('sha256', key).update(text).digest();
