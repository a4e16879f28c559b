import { isIP } from 'node:net';
import type { Address } from '../config/snapshot.ts';
import { EnvoyError } from './envoy-error.ts';
import type { ConfigObject } from './typed.ts';

/** A Unix socket, by the path of its file. Systems allow about 100 bytes. */
export interface SocketPath {
  path: string;
}

/** Where Envoy's neighbours on this host or network listen. */
export type LocalAddress = Address | SocketPath;

/** Envoy's form of an address to connect to. */
export const envoyAddress = (address: LocalAddress): ConfigObject =>
  'path' in address ? { pipe: { path: address.path } } : { socket_address: { address: withoutBrackets(address.host), port_value: address.port } };

/**
 * Envoy's form of an address to listen on, which it takes as an IP address only.
 * @throws EnvoyError for any other name than `localhost`.
 */
export function listenAddress({ host, port }: Address): ConfigObject {
  const address = host === 'localhost' ? '127.0.0.1' : withoutBrackets(host);
  if (isIP(address) === 0) throw new EnvoyError(`Envoy cannot listen on "${host}"; give an IP address in listen:, such as 127.0.0.1 or 0.0.0.0.`);
  return { socket_address: { address, port_value: port, ipv4_compat: address === '::' ? true : undefined } };
}

/** A host as a socket takes it: URLs put IPv6 addresses in brackets. */
export const withoutBrackets = (host: string): string => host.replace(/^\[(.*)\]$/, '$1');
