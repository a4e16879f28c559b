import { writeFileSync } from 'node:fs';
import { gatewayDefaults } from '../envoy/bootstrap.ts';
import type { LocalAddress } from '../envoy/address.ts';
import { EnvoyError } from '../envoy/envoy-error.ts';
import { printGateway } from '../envoy/print.ts';
import { imageCaFile } from '../envoy/tls.ts';
import { load } from './config.ts';
import { UserError } from './user-error.ts';

/** `remora envoy`: prints the bootstrap for an Envoy that someone else runs. */
export function printEnvoy({ config, listen, output }: { config: string; listen: string; output?: string }): void {
  const { snapshot } = load(config);
  const text = explained(() =>
    printGateway({
      ...gatewayDefaults,
      listen: snapshot.listen,
      telemetry: snapshot.telemetry,
      sidecars: [localAddress(listen)],
      admin: undefined,
      endpoints: [...snapshot.endpoints.values()],
      systemCaFile: imageCaFile,
    }),
  );
  if (output === undefined) process.stdout.write(text);
  else writeFileSync(output, text);
}

/** `unix:/path` or `host:port`. */
function localAddress(text: string): LocalAddress {
  if (text.startsWith('unix:/')) return { path: text.slice('unix:'.length) };
  const [, host, port] = /^(.+):(\d{1,5})$/.exec(text) ?? [];
  if (host === undefined) throw new UserError(`--listen takes unix:/path or host:port, not "${text}".`);
  return { host, port: Number(port) };
}

function explained<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof EnvoyError ? new UserError(error.message, error) : error;
  }
}
