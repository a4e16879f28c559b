import type { LocalAddress } from '../envoy/address.ts';
import { UserError } from './user-error.ts';

/** The address in an option such as `--listen`: `unix:/path` or `host:port`. */
export function localAddress(text: string, option = '--listen'): LocalAddress {
  if (text.startsWith('unix:/')) return { path: text.slice('unix:'.length) };
  const [, host, port] = /^(.+):(\d{1,5})$/.exec(text) ?? [];
  if (host === undefined) throw new UserError(`${option} takes unix:/path or host:port, not "${text}".`);
  return { host, port: Number(port) };
}

/** The same as text. */
export const addressText = (address: LocalAddress): string => ('path' in address ? `unix:${address.path}` : `${address.host}:${address.port}`);
