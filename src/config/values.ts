import { isIP } from 'node:net';
import { z } from 'zod';
import type { Address } from './snapshot.ts';
import { filePrefix } from './variables.ts';

/** A text field that is parsed; `mend` says how a good value looks where `parse` finds none. */
const parsed = <T>(parse: (text: string) => T | undefined, mend: string) =>
  z.string().transform((text, context): T => {
    const value = parse(text);
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: mend });
    return z.NEVER;
  });

/** `127.0.0.1:8080` or `[::1]:8080`. */
export const address = parsed(parseAddress, 'must be an IP address and a port from 1 to 65535, such as 127.0.0.1:8080 or [::1]:8080');

/** `500ms`, `5s`, `2m`, `1h`; in milliseconds. */
export const durationMs = parsed(parseDurationMs, 'must be a time from 1ms to 24h with its unit, such as 500ms, 5s or 2m');

/** `90d`, `6y`; in milliseconds. A year has 366 days. */
export const longTimeMs = parsed(parseLongTimeMs, 'must be a time from 1d to 20y with its unit, such as 90d or 2y');

/** `20%`; as a number from 0 to 1. */
export const share = parsed(parseShare, 'must be a share from 0% to 100%, such as 20%');

/** `512MiB`, `1GiB`; in bytes. */
export const bytes = parsed(parseBytes, 'must be a size from 1MiB with its unit, such as 512MiB or 2GiB');

/** A moment with its offset; in milliseconds since 1970. */
export const instant = parsed(parseInstant, 'must be a date and time with its offset, such as 2027-01-01T00:00:00Z');

/** An IANA time zone. */
export const timeZone = parsed(parseTimeZone, 'must be the name of a time zone, such as Europe/Berlin or UTC');

/** An address or a network in CIDR notation, as it is written. */
export const network = parsed(parseNetwork, 'must be a network or an address, such as 10.0.0.0/8, 192.0.2.7 or 2001:db8::/32');

/** A user's id, as keys and tokens have it. */
export const userName = z.string().regex(/^[\x21-\x7e]{1,128}$/, 'must be 1 to 128 characters without spaces');

/** Address of a Redis, with its credentials where it has some. */
export const redisUrl = z.string().refine((text) => ['redis:', 'rediss:'].includes(URL.parse(text)?.protocol ?? ''), {
  error: 'must be the address of a Redis, such as redis://:password@redis.example.com:6379/0',
});

/** An http or https address without credentials or query. Its path ends in no slash, unless that is all of it. */
export const httpUrl = parsed(
  parseHttpUrl,
  'must be an http:// or https:// address without user, password, "?" or "#", such as https://llm.example.com/v1',
);

/** A credential as a header can carry it. */
export const credential = parsed(
  (text) => (/^[\x21-\x7e]+$/.test(text) && !text.startsWith(filePrefix) ? text : undefined),
  'has characters that no key has, such as a space or a line break; check where it comes from',
);

/** `sha256:` and 64 hex digits; the digits in lower case. */
export const keyHash = z.string().transform((text, context) => {
  const digits = /^sha256:([0-9a-f]{64})$/i.exec(text)?.[1]?.toLowerCase();
  if (digits !== undefined && digits !== hashOfNothing) return digits;
  context.addIssue({ code: 'custom', message: hashMend(text) });
  return z.NEVER;
});

const hashOfNothing = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const howToHash = `printf %s "$KEY" | sha256sum`;

function hashMend(text: string): string {
  if (/^[0-9a-f]{64}$/i.test(text)) return 'must say how it was hashed: put "sha256:" before the digits';
  if (text.toLowerCase() === `sha256:${hashOfNothing}`) return `is the hash of an empty text; set KEY before you run: ${howToHash}`;
  return `must be "sha256:" and the 64 hex digits of the key's SHA-256, not the key itself; make them with: ${howToHash}`;
}

function parseAddress(text: string): Address | undefined {
  const [, v6, v4, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = v6 ?? v4 ?? '';
  const port = Number(digits);
  const isAddress = isIP(host) === (v6 === undefined ? 4 : 6);
  return isAddress && port >= 1 && port <= 65_535 ? { host, port } : undefined;
}

/** Whether only this machine reaches an address. */
export function isLoopback({ host }: Pick<Address, 'host'>): boolean {
  return host === '::1' || host.startsWith('127.');
}

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const maxDurationMs = 86_400_000;

function parseDurationMs(text: string): number | undefined {
  const [, amount, unit] = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h)$/.exec(text) ?? [];
  const ms = Math.round(Number(amount) * (unitsMs[unit ?? ''] ?? Number.NaN));
  return ms >= 1 && ms <= maxDurationMs ? ms : undefined;
}

function parseLongTimeMs(text: string): number | undefined {
  const [, amount, unit] = /^(\d{1,4})([dy])$/.exec(text) ?? [];
  const days = Number(amount) * (unit === 'y' ? 366 : 1);
  return days >= 1 && days <= 20 * 366 ? days * 86_400_000 : undefined;
}

function parseShare(text: string): number | undefined {
  const [, percent] = /^(\d{1,3}(?:\.\d{1,4})?)%$/.exec(text) ?? [];
  const part = Number(percent) / 100;
  return part >= 0 && part <= 1 ? part : undefined;
}

function parseInstant(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d)$/.test(text)) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

function parseTimeZone(text: string): string | undefined {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone;
  } catch {
    return undefined; // Intl throws RangeError for what it does not know
  }
}

function parseNetwork(text: string): string | undefined {
  const [, host = '', digits] = /^([0-9a-fA-F:.]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const family = isIP(host);
  const isInRange = digits === undefined || Number(digits) <= (family === 4 ? 32 : 128);
  return family !== 0 && isInRange ? text : undefined;
}

function parseBytes(text: string): number | undefined {
  const [, amount, unit] = /^(\d{1,6})(MiB|GiB)$/.exec(text) ?? [];
  const size = Number(amount) * (unit === 'GiB' ? 2 ** 30 : 2 ** 20);
  return size >= 2 ** 20 ? size : undefined;
}

function parseHttpUrl(text: string): URL | undefined {
  const url = URL.parse(text);
  if (url === null || !/^https?:\/\//i.test(text) || url.username !== '' || url.password !== '' || /[?#]/.test(text)) return undefined;
  url.pathname = url.pathname.replace(/\/+$/, '');
  return url;
}

/** Whether a text is a JSON object. */
export function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
