import { randomBytes, randomUUID } from 'node:crypto';
import { serveAdmin } from './admin/server.ts';
import { createAdmission } from './admission/admission.ts';
import { createBodyMemory } from './admission/body-memory.ts';
import { createGates, type GatesOptions } from './admission/gates.ts';
import type { ConfigStatus } from './config/reload-status.ts';
import type { Snapshot } from './config/snapshot.ts';
import { findSystemCaFile } from './envoy/tls.ts';
import { createAttemptLog } from './extproc/attempt-log.ts';
import { exchange, type ExchangeDeps } from './extproc/exchange.ts';
import { logError } from './extproc/log-error.ts';
import { serveExtProc } from './extproc/server.ts';
import { createSnapshots } from './extproc/snapshots.ts';
import { upstreamConversation } from './extproc/upstream.ts';
import { noUsage } from './llm/usage.ts';
import { createMirror } from './mirror/mirror.ts';
import { createSend } from './mirror/send.ts';
import { createBudget } from './policies/budget.ts';
import { inOrder } from './policies/order.ts';
import { preloadRedact, redact } from './policies/redact/index.ts';
import { createPrices } from './pricing/prices.ts';
import { clientProtocols } from './protocols/registry.ts';
import { createSeals } from './protocols/seal.ts';
import { createTaskClassifier } from './routing/auto/classifier.ts';
import { accountId } from './routing/deployment.ts';
import { createHealth, type Health } from './routing/health/health.ts';
import type { HealthEvent } from './routing/health/change.ts';
import { loadTokenizer } from './routing/tokens/vocabulary.ts';
import { createEmbeddedHealthShare } from './stores/embedded/health-share.ts';
import { createEmbeddedLedger } from './stores/embedded/ledger.ts';
import { openSecret } from './stores/embedded/secret.ts';
import type { HealthShare, HealthShareEvent } from './stores/health-share.ts';
import type { StoreEvent } from './stores/embedded/ledger.ts';
import { createRedisHealthShare } from './stores/redis/health-share.ts';
import { createClock } from './telemetry/clock.ts';
import { hangGauges } from './telemetry/gauges.ts';
import type { Logger } from './telemetry/log.ts';
import { createMetrics } from './telemetry/metrics.ts';
import { createSpans, untraced } from './telemetry/spans.ts';

export interface Gateway {
  /** Where the admin server listens. */
  adminPort: number;
  /** Puts another config in force. Exchanges under way keep theirs. */
  use(snapshot: Snapshot): Promise<void>;
  /** Resolves when no exchange that goes by another config will make a further attempt, or when the time is over. */
  untilIdle(snapshot: Snapshot, timeoutMs: number): Promise<void>;
  /** Lets running exchanges end for at most `graceMs`, books them, and lets go of everything. */
  close(graceMs: number): Promise<void>;
}

export interface GatewayOptions {
  /** Where ext_proc is served: `unix:/path` or `host:port`. */
  address: string;
  log: Logger;
  /** Which config is in force, for metrics and the admin API. */
  config: ConfigStatus;
}

/** Puts the gateway together and serves ext_proc. The one place that names every part. */
export async function startGateway(first: Snapshot, { address, log, config }: GatewayOptions): Promise<Gateway> {
  const now = Date.now;
  const { random } = Math;
  const clock = { now };
  const snapshots = createSnapshots(first, now);
  const ledger = createEmbeddedLedger({ path: first.store.path, now, onEvent: ledgerEvents(log) });
  const metrics = createMetrics({ now });
  const spans =
    first.telemetry.otlp === undefined ? undefined : createSpans({ otlp: first.telemetry.otlp, now: createClock(now, () => performance.now()) });
  const prices = createPrices({ now });
  const health = createHealth({ now, random, by: randomUUID(), onEvent: healthEvents(log) });
  const share = shareHealth(health, first, { now, log });
  const admission = createAdmission(first.resilience, clock);
  const gates = createGates(gatesOf(first), clock, 'The providers of this model take no more requests now.');
  const bodyMemory = createBodyMemory(first.resilience.maxBodyBytes);
  const onFailure = (what: string, error: unknown): void => log.error({ err: error }, `${what} failed`);
  const attemptLog = createAttemptLog({ now, onStray: () => {} });
  const mirror = createMirror({
    ledger,
    prices,
    send: createSend({ systemCaFile: findSystemCaFile() }),
    memory: createBodyMemory(mirrorBytes), // its own, so that copies never keep an exchange out
    now,
    onResult: metrics.mirrored,
    onDropped: (reason) => metrics.mirrorDropped(reason),
    onFailure,
  });
  hangGauges(metrics.registry, { health, admission, bodyMemory, config });
  await Promise.all([preloadRedact(first.tenants.values()), loadTokenizer()]);
  const passThroughNanos = (group: string): number | undefined => snapshots.current().passThrough?.costNanos.get(group);
  const deps: ExchangeDeps = {
    snapshots,
    protocols: clientProtocols,
    policies: inOrder([metrics.policy, redact, createBudget({ ledger, prices, passThroughNanos, now })]),
    registry: new Map(),
    sealFor: createSeals(first.secrets ?? [openSecret(`${first.store.path}.secret`, randomBytes)], randomBytes),
    openTrace: spans?.open ?? (() => untraced),
    health,
    admission,
    gates,
    bodyMemory,
    attemptLog,
    mirror,
    classify: createTaskClassifier({ fetch, now }),
    costNanos: (deployment, inputTokens, outputTokens) => prices.costNanos(deployment, { ...noUsage, inputTokens, outputTokens }),
    counters: metrics,
    random,
    now,
    newId: randomUUID,
    onError(error) {
      metrics.error(error.code);
      logError(log, error);
    },
    onFailure,
  };
  const extproc = await serveExtProc(address, {
    router: (opening, signal) => exchange(opening, signal, deps),
    upstream: (opening, form) => upstreamConversation(opening, form, deps),
    accessLog: ({ requestId, outcome }) => attemptLog.heard(requestId, outcome),
    onFailure: (error) => onFailure('conversation', error),
  });
  let closing = false;
  const api = { '/api/config': config.report, '/api/health': health.report, '/api/mirrors': mirror.recent };
  const admin = await serveAdmin(first.admin, { metrics, api, notReady: () => (closing ? 'closing' : undefined) }).catch(async (error: unknown) => {
    await extproc.close(0); // else it would keep the process alive
    throw error;
  });
  return {
    adminPort: admin.port,
    async use(snapshot) {
      for (const account of changedAccounts(snapshots.current(), snapshot)) health.forget(account);
      await preloadRedact(snapshot.tenants.values());
      admission.reconfigure(snapshot.resilience);
      gates.reconfigure(gatesOf(snapshot));
      bodyMemory.reconfigure(snapshot.resilience.maxBodyBytes);
      snapshots.use(snapshot);
    },
    untilIdle: snapshots.untilIdle,
    async close(graceMs) {
      closing = true;
      await extproc.close(graceMs);
      attemptLog.close();
      // Each is let go of, whatever becomes of the others.
      await mirror.close(); // books its copies
      const ends = await Promise.allSettled([share?.close(), ledger.close(), spans?.shutdown(), admin.close()]);
      for (const end of ends) if (end.status === 'rejected') log.error({ err: end.reason }, 'not closed cleanly');
    },
  };
}

/** Accounts whose address or credential is another: a new key is not set aside for what the old one met. */
function changedAccounts(before: Snapshot, after: Snapshot): string[] {
  const known = new Map([...before.endpoints.values()].flat().map((endpoint) => [accountId(endpoint), endpoint.fingerprint]));
  return [...after.endpoints.values()].flat().flatMap((endpoint) => {
    const earlier = known.get(accountId(endpoint));
    return earlier === undefined || earlier === endpoint.fingerprint ? [] : [accountId(endpoint)];
  });
}

/** How many attempts may be under way at each provider. Who waits keeps a place in the gateway, so one provider's queue takes no more than half of those. */
function gatesOf({ endpoints, resilience: { queue, maxConcurrent } }: Snapshot): GatesOptions {
  const limits = new Map([...endpoints].flatMap(([name, [{ maxConcurrent: limit }]]) => (limit === undefined ? [] : [[name, limit] as const])));
  const half = maxConcurrent === undefined ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(maxConcurrent / 2));
  return { limits, queue: queue && { ...queue, max: Math.min(queue.max, half) } };
}

/** What one gateway learns about a deployment that fails, the others need not learn again. Undefined where the config has nobody told. */
function shareHealth(health: Health, { resilience }: Snapshot, { now, log }: { now: () => number; log: Logger }): HealthShare | undefined {
  if (resilience.share === undefined) return undefined;
  const onEvent = (event: HealthShareEvent): void =>
    event.type === 'share-failed'
      ? log.warn({ err: event.error }, 'health cannot be shared; each gateway goes by its own')
      : log.info('health is shared again');
  const options = { now, onChange: health.apply, onEvent };
  const { share: place } = resilience;
  const share =
    'path' in place ? createEmbeddedHealthShare({ path: place.path, ...options }) : createRedisHealthShare({ url: place.redis, ...options });
  health.onChange(share.publish);
  return share;
}

/** Bound on the bodies of all copies together. */
const mirrorBytes = 64 << 20;

const ledgerEvents =
  (log: Logger) =>
  (event: StoreEvent): void =>
    event.type === 'write-failed'
      ? log.error({ err: event.error }, 'spend cannot be written; entries wait in memory')
      : log.info({ dropped: event.dropped }, 'spend is written again');

/** One line when a deployment or an account is given a rest, and one when it is back: never one per request. */
const healthEvents =
  (log: Logger) =>
  (event: HealthEvent): void => {
    const { kind, id, reason } = event;
    if (event.type === 'rest-began')
      log.warn({ [kind]: id, reason, until: new Date(event.untilMs).toISOString() }, `${id} is given a rest: ${reason}`);
    else log.info({ [kind]: id, reason }, `${id} is back`);
  };
