import { writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { gatewayDefaults, type GatewayOptions } from '../envoy/bootstrap.ts';
import { EnvoyError } from '../envoy/envoy-error.ts';
import { addressOfProcess } from '../envoy/sidecar-processes.ts';
import { printGateway } from '../envoy/print.ts';
import { imageCaFile } from '../envoy/tls.ts';
import { endpointsByCluster } from '../routing/deployment.ts';
import { load } from './config.ts';
import { localAddress } from './local-address.ts';
import { processCount } from './process-count.ts';
import { UserError } from './user-error.ts';

export interface PrintEnvoyOptions {
  config: string;
  listen: string;
  /** How many sidecar processes listen, from there on. */
  processes: string;
  /** File of providers' clusters that `remora serve` will write; undefined to have them in the bootstrap. */
  clusters?: string;
  /** Envoy's admin interface; undefined for none. */
  envoyAdmin?: string;
  output?: string;
}

/** `remora envoy`: prints the bootstrap for an Envoy that someone else runs. */
export function printEnvoy({ config, listen, processes, clusters, envoyAdmin, output }: PrintEnvoyOptions): void {
  const first = localAddress(listen);
  const { snapshot } = load(config);
  const options: GatewayOptions = {
    ...gatewayDefaults,
    listen: snapshot.listen,
    telemetry: snapshot.telemetry,
    cors: snapshot.cors,
    sidecars: Array.from({ length: processCount(processes) }, (_, index) => addressOfProcess(first, index)),
    admin: envoyAdmin === undefined ? undefined : localAddress(envoyAdmin, '--envoy-admin'),
    endpoints: endpointsByCluster(snapshot.endpoints.values()),
    systemCaFile: imageCaFile,
  };
  const text = explained(() => printGateway(options, clusters === undefined ? 'inline' : { file: clusters, directory: dirname(clusters) }));
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
