import { BlockList, isIP } from 'node:net';
import { attributeNames } from '../envoy/names.ts';
import type { Attributes } from './opening.ts';

/** Where a connection comes from. An IPv4 address that is written as IPv6 is IPv4. */
export interface Source {
  address: string;
  family: 'ipv4' | 'ipv6';
}

/** The client's address as Envoy's connection has it, never what a header says; undefined where it has none, as on a Unix socket. */
export function sourceOf(attributes: Attributes): Source | undefined {
  const written = attributes.get(attributeNames.sourceAddress);
  if (typeof written !== 'string') return undefined;
  const [host = ''] = written
    .slice(0, written.lastIndexOf(':'))
    .replace(/^\[|\]$/g, '')
    .split('%', 1); // without the zone of a link-local address
  const address = /^::ffff:(?=[\d.]+$)/i.test(host) ? host.slice('::ffff:'.length) : host;
  const version = isIP(address);
  return version === 0 ? undefined : { address, family: version === 4 ? 'ipv4' : 'ipv6' };
}

/** Whether a source lies in one of some networks; one without an address lies in none. */
export type Networks = (source: Source | undefined) => boolean;

/** Networks and addresses in CIDR notation, such as `10.0.0.0/8` or `::1`. Throws RangeError for what is neither. */
export function toNetworks(written: readonly string[]): Networks {
  const list = new BlockList();
  for (const network of written) {
    const [address = '', length] = network.split('/', 2);
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (length === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(length), family);
  }
  return (source) => source !== undefined && list.check(source.address, source.family);
}

/** What counts as one caller where nobody has said who it is: an IPv4 address, or the /64 network that an IPv6 customer has to themselves. */
export function neighbourhoodOf({ address, family }: Source): string {
  if (family === 'ipv4') return address;
  const [head = '', tail] = address.split('::', 2);
  const first = groups(head);
  const last = groups(tail ?? '');
  const missing = tail === undefined ? 0 : Math.max(0, 8 - first.length - last.length);
  return [...first, ...Array.from({ length: missing }, () => '0'), ...last]
    .slice(0, 4)
    .map((group) => group.toLowerCase().replace(/^0+(?=.)/, ''))
    .join(':');
}

/** An IPv4 tail stands for two groups. */
const groups = (text: string): string[] => (text === '' ? [] : text.split(':').flatMap((group) => (group.includes('.') ? ['0', '0'] : [group])));
