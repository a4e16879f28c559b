import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { clusterOf, type Endpoint } from '../routing/deployment.ts';
import type { Admin } from './admin.ts';
import { writeWatchedFile } from './cds.ts';
import { EnvoyError } from './envoy-error.ts';
import type { ConfigObject } from './typed.ts';

/** What the clusters of a running Envoy need. */
export interface LiveClustersOptions {
  /** The file that Envoy watches. */
  file: string;
  admin: Pick<Admin, 'clusterUpdates'>;
  /** The file's content: a DiscoveryResponse. */
  render(endpoints: readonly Endpoint[]): ConfigObject;
  /** Has Envoy check clusters before it gets them. Throws EnvoyError. */
  check?: ((endpoints: readonly Endpoint[]) => Promise<void>) | undefined;
  /** Longest wait for Envoy to have them, in milliseconds. */
  timeoutMs?: number;
}

/**
 * The providers' clusters of a running Envoy: those of every config version that exchanges may still use.
 * A cluster is there before the first exchange that uses it, and goes after the last.
 */
export interface LiveClusters {
  /** Writes the file for an Envoy that has yet to start. */
  begin(version: number, endpoints: readonly Endpoint[]): Promise<void>;
  /** Adds those of a version, and resolves when requests can be sent to them. Throws EnvoyError where Envoy does not have them in time; all is as before then. */
  add(version: number, endpoints: readonly Endpoint[]): Promise<void>;
  /** Takes those away that only versions have for which this is true. */
  drop(isOver: (version: number) => boolean): Promise<void>;
}

const pollMs = 20;

/** Makes the clusters of an Envoy; there are none yet. */
export function createLiveClusters({ file, admin, render, check, timeoutMs = 30_000 }: LiveClustersOptions): LiveClusters {
  const held = new Map<number, readonly Endpoint[]>();
  let written: string | undefined;
  let last: Promise<void> = Promise.resolve();

  /** One change of the file at a time. */
  function inTurn(work: () => Promise<void>): Promise<void> {
    const done = last.then(work);
    last = done.catch(() => {});
    return done;
  }

  const endpoints = (): Endpoint[] => [...new Map([...held.values()].flat().map((endpoint) => [clusterOf(endpoint), endpoint])).values()];

  function content(): { version: string; response: ConfigObject } {
    const response = render(endpoints());
    return { version: createHash('sha256').update(JSON.stringify(response)).digest('hex').slice(0, 12), response };
  }

  async function write({ version, response } = content()): Promise<void> {
    if (version === written) return;
    await writeWatchedFile(file, { version_info: version, ...response });
    written = version;
  }

  async function bringIn(): Promise<void> {
    const next = content();
    if (next.version === written) return;
    await check?.(endpoints());
    const before = await admin.clusterUpdates();
    await write(next);
    await untilServed(next.version, before.rejected);
  }

  async function untilServed(version: string, rejectedBefore: number): Promise<void> {
    const tooLate = AbortSignal.timeout(timeoutMs);
    for (;;) {
      const now = await admin.clusterUpdates().catch(() => undefined);
      if (now?.version === version && now.warming === 0) return;
      if (now !== undefined && now.rejected > rejectedBefore)
        throw new EnvoyError('Envoy does not accept the clusters of the new config; its warning above says why.');
      if (tooLate.aborted)
        throw new EnvoyError(
          `Envoy did not have the clusters of the new config after ${timeoutMs / 1000} s; a name server that does not answer is the usual cause.`,
        );
      await sleep(pollMs);
    }
  }

  return {
    begin: (version, added) =>
      inTurn(async () => {
        held.set(version, added);
        await write();
      }),
    add: (version, added) =>
      inTurn(async () => {
        held.set(version, added);
        try {
          await bringIn();
        } catch (error) {
          held.delete(version);
          await write();
          throw error;
        }
      }),
    drop: (isOver) =>
      inTurn(async () => {
        for (const version of held.keys()) if (isOver(version)) held.delete(version);
        await write();
      }),
  };
}
