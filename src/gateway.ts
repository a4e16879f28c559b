import { randomBytes, randomUUID } from 'node:crypto';
import type { Snapshot } from './config/snapshot.ts';
import { serveAdmin } from './admin/server.ts';
import { attempt } from './extproc/attempt.ts';
import { exchange, type ExchangeDeps } from './extproc/exchange.ts';
import { serveExtProc } from './extproc/server.ts';
import { createBudget } from './policies/budget.ts';
import { inOrder } from './policies/order.ts';
import { preloadRedact, redact } from './policies/redact/index.ts';
import { createPrices } from './pricing/prices.ts';
import { clientProtocols } from './protocols/registry.ts';
import { createSeals } from './protocols/seal.ts';
import { createEmbeddedLedger } from './stores/embedded/ledger.ts';
import { openSecret } from './stores/embedded/secret.ts';
import { createClock } from './telemetry/clock.ts';
import { logError } from './extproc/log-error.ts';
import type { Logger } from './telemetry/log.ts';
import { createMetrics } from './telemetry/metrics.ts';
import { createSpans, untraced } from './telemetry/spans.ts';

export interface Gateway {
  /** Where the admin server listens. */
  adminPort: number;
  /** Lets running exchanges end for at most `graceMs`, books them, and lets go of everything. */
  close(graceMs: number): Promise<void>;
}

/** Puts the gateway together and serves ext_proc at `address` (`unix:/path` or `host:port`). The one place that names every part. */
export async function startGateway(snapshot: Snapshot, { address, log }: { address: string; log: Logger }): Promise<Gateway> {
  const now = Date.now;
  const ledger = createEmbeddedLedger({
    path: snapshot.store.path,
    now,
    onEvent: (event) =>
      event.type === 'write-failed'
        ? log.error({ err: event.error }, 'spend cannot be written; entries wait in memory')
        : log.info({ dropped: event.dropped }, 'spend is written again'),
  });
  const metrics = createMetrics({ now });
  const spans =
    snapshot.telemetry.otlp === undefined
      ? undefined
      : createSpans({ otlp: snapshot.telemetry.otlp, now: createClock(now, () => performance.now()) });
  await preloadRedact(snapshot.tenants.values());
  const policies = inOrder([
    metrics.policy,
    redact,
    createBudget({ ledger, prices: createPrices({ now }), passThroughNanos: (group) => snapshot.passThrough?.costNanos.get(group), now }),
  ]);
  const deps: ExchangeDeps = {
    snapshot: () => snapshot,
    protocols: clientProtocols,
    policies,
    registry: new Map(),
    sealFor: createSeals(snapshot.secrets ?? [openSecret(`${snapshot.store.path}.secret`, randomBytes)], randomBytes),
    openTrace: spans?.open ?? (() => untraced),
    random: Math.random,
    now,
    newId: randomUUID,
    onError(error) {
      metrics.error(error.code);
      logError(log, error);
    },
    onFailure: (what, error) => log.error({ err: error }, `${what} failed`),
  };
  const extproc = await serveExtProc(address, {
    router: (opening) => exchange(opening, deps),
    upstream: (opening) => attempt(opening, deps),
    onFailure: (error) => deps.onFailure('conversation', error),
  });
  let closing = false;
  const admin = await serveAdmin(snapshot.admin, { metrics, notReady: () => (closing ? 'closing' : undefined) }).catch(async (error: unknown) => {
    await extproc.close(0); // else it would keep the process alive
    throw error;
  });
  return {
    adminPort: admin.port,
    async close(graceMs) {
      closing = true;
      await extproc.close(graceMs);
      // Each is let go of, whatever becomes of the others.
      const ends = await Promise.allSettled([ledger.close(), spans?.shutdown(), admin.close()]);
      for (const end of ends) if (end.status === 'rejected') log.error({ err: end.reason }, 'not closed cleanly');
    },
  };
}
