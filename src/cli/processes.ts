import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { serveMergedAdmin } from '../admin/merged.ts';
import type { CompiledConfig } from '../config/reload.ts';
import type { LocalAddress } from '../envoy/address.ts';
import { checkAddressIsFree } from '../envoy/port.ts';
import { addressOfProcess } from '../envoy/sidecar-processes.ts';
import type { Logger } from '../telemetry/log.ts';
import { addressText } from './local-address.ts';
import { startSidecar } from './sidecar.ts';
import { startSidecars, type Sidecars } from './sidecars.ts';

export interface ProcessesOptions {
  count: number;
  /** Where the first one listens; the others listen beside it. */
  listen: LocalAddress;
  /** Path of the config. */
  config: string;
  first: CompiledConfig;
  drainTimeout: string;
  /** A folder of this user alone, for their admin servers. */
  directory: string;
  log: Logger;
}

/** The sidecar processes of a host, and what they have in common. */
export interface Processes {
  sidecars: Sidecars;
  /** Where each listens. */
  addresses: readonly LocalAddress[];
  /** Ends them all. Exchanges under way get `graceMs` more milliseconds than it takes to book them. */
  stop(graceMs?: number): Promise<void>;
}

/** Starts the sidecar processes of a host; for several, this process serves the admin interface. Throws UserError or EnvoyError, one sentence that says what to do. */
export async function startProcesses({ count, listen, config, first, drainTimeout, directory, log }: ProcessesOptions): Promise<Processes> {
  const addresses = Array.from({ length: count }, (_, index) => addressOfProcess(listen, index));
  const adminSocket = (index: number): string => join(directory, `admin-${index}.sock`);
  const { admin: address } = first.snapshot;
  if (count > 1) await checkAddressIsFree(address, 'admin.listen:');
  const sidecars = await startSidecars({
    count,
    first: { data: first.data, hash: first.hash, number: 1 },
    async start(index, how) {
      await rm(adminSocket(index), { force: true }); // left by one that was killed
      const place = count === 1 ? undefined : { index, count, admin: adminSocket(index) };
      return startSidecar({ ...how, config, listen: addressText(addressOfProcess(listen, index)), drainTimeout, place });
    },
    log,
    now: Date.now,
    wait: (milliseconds, signal) => sleep(milliseconds, undefined, { signal }).catch(() => {}),
  });
  const admin = count === 1 ? undefined : await serveMergedAdmin(address, { alive: () => sidecars.alive(), socketOf: adminSocket });
  return {
    sidecars,
    addresses,
    async stop(graceMs) {
      await sidecars.stop(graceMs);
      await admin?.close();
    },
  };
}
