import type { LocalAddress } from './address.ts';

/** Where process `index` of several listens, beside the first, which is 0: `/run/a.sock` and `/run/a.1.sock`, or port 9000 and port 9001. */
export function addressOfProcess(first: LocalAddress, index: number): LocalAddress {
  if (index === 0) return first;
  if (!('path' in first)) return { ...first, port: first.port + index };
  const [, name = first.path, extension = ''] = /^(.*[^/])(\.\w+)$/.exec(first.path) ?? [];
  return { path: `${name}.${index}${extension}` };
}

/** Name of a sidecar process on the ring by which Envoy chooses among several. */
export const ringKey = (index: number): string => `sidecar-${index}`;

/**
 * The session that leads to one sidecar process, as long as it is well: Envoy places each on its ring by hashes of `<key>_0`, `<key>_1`, …, and looks a session up by the same hash.
 * A request's own id does not do: while a process is gone, another one opens exchanges whose ids lead back to it once it has returned.
 */
export const sessionOf = (index: number): string => `${ringKey(index)}_0`;
