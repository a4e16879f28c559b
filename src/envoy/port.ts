import { createServer } from 'node:net';
import type { Address } from '../config/snapshot.ts';
import { withoutBrackets } from './address.ts';
import { EnvoyError } from './envoy-error.ts';

/** What to do about an address that another program listens on. `setting` is where it was chosen, such as `listen:` of the config. */
export const addressInUse = (address: string, setting = 'listen:'): EnvoyError => {
  const [, host, port] = /^(.*):(\d+)$/.exec(address) ?? ['', '', address];
  return new EnvoyError(`Port ${port} on ${host} is in use; choose another with ${setting} or stop the program that has it.`);
};

/**
 * Makes sure that an address can be listened on. Envoy itself would not notice another Envoy there: both set SO_REUSEPORT, and the system would deal out connections between the two.
 * @throws EnvoyError that says what to do.
 */
export async function checkAddressIsFree({ host, port }: Address, setting = 'listen:'): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen({ host: withoutBrackets(host), port, exclusive: true }, () => server.close(() => resolve()));
  }).catch((error: unknown) => {
    throw explain(error, { host, port }, setting);
  });
}

function explain(error: unknown, { host, port }: Address, setting: string): unknown {
  switch (error instanceof Error && 'code' in error ? error.code : undefined) {
    case 'EADDRINUSE':
      return addressInUse(`${host}:${port}`, setting);
    case 'EACCES':
      return new EnvoyError(`This user may not listen on port ${port}; choose one above 1023 with ${setting}`, { cause: error });
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new EnvoyError(`This machine has no address ${host}; choose another with ${setting}, such as 127.0.0.1 or 0.0.0.0.`, { cause: error });
    default:
      return error;
  }
}
