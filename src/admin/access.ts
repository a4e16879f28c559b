import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { isLoopback } from '../config/values.ts';
import { AdminError } from './admin-error.ts';

/** A request as far as it is told who may make it. */
export interface Asked {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
}

/** Where no secret is told, so that whoever watches over the process needs none. */
const openPaths = new Set(['/healthz', '/readyz']);

export const isRead = (method: string): boolean => method === 'GET' || method === 'HEAD' || method === 'OPTIONS';

/**
 * Refuses who may not ask. With a token, everybody needs it. Without one, who reaches the port may ask, but no page that a browser on this machine shows:
 * neither by a name of its own that leads here (DNS rebinding), nor from another origin. Throws AdminError.
 */
export function checkAccess({ method, path, headers }: Asked, token: string | undefined): void {
  if (openPaths.has(path) && isRead(method)) return;
  if (token === undefined) checkHost(headers.host);
  else if (!isToken(headers.authorization, token)) {
    throw new AdminError('unauthorized', 'Send the token of `admin.token` as "Authorization: Bearer TOKEN".');
  }
  if (!isRead(method) && isForeign(headers)) throw new AdminError('forbidden', 'Pages of other origins may change nothing here.');
}

/** Changes are JSON, also where they have no body: forms can send none without asking first. Throws AdminError. */
export function checkIsJson(headers: IncomingHttpHeaders): void {
  if (/^application\/json *(;|$)/i.test(headers['content-type'] ?? '')) return;
  throw new AdminError('not-json', 'Send changes with "content-type: application/json", also where there is no body.');
}

function checkHost(host = ''): void {
  const [, v6, name = ''] = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9.-]+))(?::\d{1,5})?$/i.exec(host) ?? [];
  const address = v6 ?? name;
  if (/(?:^|\.)localhost$/i.test(name) || (isIP(address) !== 0 && isLoopback({ host: address }))) return;
  throw new AdminError('forbidden', 'Ask for 127.0.0.1 or localhost, or set `admin.token`: without a token no other name is answered.');
}

/** Compared by their hashes, which takes the same time whatever they are. */
function isToken(authorization: string | undefined, token: string): boolean {
  const [, given] = /^bearer +(\S+)$/i.exec(authorization ?? '') ?? [];
  return given !== undefined && timingSafeEqual(hash('sha256', given, 'buffer'), hash('sha256', token, 'buffer'));
}

/** Whether a browser says that a page of another origin asks. */
function isForeign({ origin, host, 'sec-fetch-site': site }: IncomingHttpHeaders): boolean {
  const isOtherSite = site !== undefined && site !== 'same-origin' && site !== 'none';
  return isOtherSite || (origin !== undefined && URL.parse(origin)?.host !== host);
}
