import { writeFileSync } from 'node:fs';
import { gatewayDefaults } from '../envoy/bootstrap.ts';
import { EnvoyError } from '../envoy/envoy-error.ts';
import { printGateway } from '../envoy/print.ts';
import { imageCaFile } from '../envoy/tls.ts';
import { load } from './config.ts';
import { localAddress } from './local-address.ts';
import { UserError } from './user-error.ts';

/** `remora envoy`: prints the bootstrap for an Envoy that someone else runs. */
export function printEnvoy({ config, listen, output }: { config: string; listen: string; output?: string }): void {
  const { snapshot } = load(config);
  const text = explained(() =>
    printGateway({
      ...gatewayDefaults,
      listen: snapshot.listen,
      telemetry: snapshot.telemetry,
      cors: snapshot.cors,
      sidecars: [localAddress(listen)],
      admin: undefined,
      endpoints: [...snapshot.endpoints.values()],
      systemCaFile: imageCaFile,
    }),
  );
  if (output === undefined) process.stdout.write(text);
  else writeFileSync(output, text);
}

function explained<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof EnvoyError ? new UserError(error.message, error) : error;
  }
}
