import { isIP } from 'node:net';
import type { Download } from './download.ts';

/**
 * Where an issuer says what there is to know of it, its keys' address among it; undefined where its name is no address that can be trusted for that.
 * OpenID Connect Discovery 1.0, section 4: https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig
 */
export function discoveryUrl(issuer: string): URL | undefined {
  const url = URL.parse(issuer);
  if (url === null || !isSafe(url) || /[?#]/.test(issuer)) return undefined;
  return URL.parse(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`) ?? undefined;
}

/** The address of an issuer's keys, as the document at its `discoveryUrl` says. Rejects where the document is not the issuer's, or leads where keys could be others'. */
export async function discoverKeys(issuer: string, at: URL, download: Download): Promise<URL> {
  const document = fieldsOf(await download(at));
  const { issuer: named, jwks_uri: address } = document;
  if (named !== issuer) throw new Error(`${at.href} is the document of another issuer: ${shown(named)}. Write the issuer as it does, or its jwks`);
  const url = typeof address === 'string' ? URL.parse(address) : null;
  if (url === null || !isSafe(url) || (url.protocol === 'http:' && at.protocol !== 'http:'))
    throw new Error(`${at.href} names no https address as its jwks_uri: ${shown(address)}`);
  return url;
}

/** Nobody on the way can answer in its place: https, or http that does not leave the machine. */
const isSafe = ({ protocol, hostname, username, password }: URL): boolean =>
  username === '' && password === '' && (protocol === 'https:' || (protocol === 'http:' && isThisMachine(hostname)));

/** Whether a host, as a URL has it, is the machine itself. */
export const isThisMachine = (hostname: string): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || (isIP(hostname) === 4 && hostname.startsWith('127.'));

function fieldsOf(text: string): Partial<Record<string, unknown>> {
  const document: unknown = JSON.parse(text);
  if (typeof document !== 'object' || document === null) throw new Error('a document of discovery is a JSON object');
  return { ...document };
}

/** Somebody else's text, for a log. */
const shown = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 200));
