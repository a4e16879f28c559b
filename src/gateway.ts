import { randomBytes, randomUUID } from 'node:crypto';
import { budgetsLeft } from './admin/budgets-left.ts';
import { adminRoutes } from './admin/routes.ts';
import { serveAdmin } from './admin/server.ts';
import { createAdmission } from './admission/admission.ts';
import { createBodyMemory } from './admission/body-memory.ts';
import { createGates, type GatesOptions } from './admission/gates.ts';
import type { ConfigStatus } from './config/reload-status.ts';
import type { Snapshot } from './config/snapshot.ts';
import type { LocalAddress } from './envoy/address.ts';
import { sessionOf } from './envoy/sidecar-processes.ts';
import { findSystemCaFile } from './envoy/tls.ts';
import { createAttemptLog } from './extproc/attempt-log.ts';
import { exchange, type ExchangeDeps } from './extproc/exchange.ts';
import { createHandOver, takeOver } from './extproc/hand-over.ts';
import { logError } from './extproc/log-error.ts';
import { serveExtProc } from './extproc/server.ts';
import { createSnapshots } from './extproc/snapshots.ts';
import { upstreamConversation } from './extproc/upstream.ts';
import { healthEvents, identityEvents, keyEvents, quotaEvents } from './gateway/event-logs.ts';
import { createPolicies } from './gateway/policies.ts';
import { shareHealth } from './gateway/share-health.ts';
import { createIdentities } from './identity/identities.ts';
import { followStoredKeys } from './identity/stored-keys.ts';
import { noUsage } from './llm/usage.ts';
import { createMirror } from './mirror/mirror.ts';
import { createSend } from './mirror/send.ts';
import { preloadRedact } from './policies/redact/index.ts';
import { createPrices } from './pricing/prices.ts';
import { createQuotas } from './quotas/create-quotas.ts';
import { createRecount } from './quotas/recount.ts';
import { clientProtocols } from './protocols/registry.ts';
import { createSeals } from './protocols/seal.ts';
import { createTaskClassifier } from './routing/auto/classifier.ts';
import { accountId } from './routing/deployment.ts';
import { createHealth } from './routing/health/health.ts';
import { loadTokenizer } from './routing/tokens/vocabulary.ts';
import { openSecret } from './stores/embedded/secret.ts';
import { openStore } from './stores/open-store.ts';
import { createClock } from './telemetry/clock.ts';
import { hangBudgetGauge } from './telemetry/budget-gauge.ts';
import { hangGauges } from './telemetry/gauges.ts';
import type { Logger } from './telemetry/log.ts';
import { createMetrics, type MetricData } from './telemetry/metrics.ts';
import { createSpans, untraced } from './telemetry/spans.ts';

export interface Gateway {
  /** Where the admin server listens; 0 for a Unix socket. */
  adminPort: number;
  /** All metrics as data. */
  metrics(): Promise<readonly MetricData[]>;
  /** Takes what another process of this host has handed over. */
  handed(batch: string): void;
  /** Counts what it handed over in vain. */
  notHanded(count: number): void;
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
  /** Where this is one of several processes behind one Envoy. */
  sibling?: Sibling | undefined;
}

/** One of several gateway processes of a host. */
export interface Sibling {
  /** From 0. */
  index: number;
  /** Where its own admin server listens: the one of the config is for all of them. */
  admin: LocalAddress;
  /** Sends all others what became of `count` attempts that are none of its own; `sent` is to be called when it is out. */
  handOver(batch: string, count: number, sent: () => void): void;
}

/** Puts the gateway together and serves ext_proc: this file, with what it has in `gateway/`, is the one place that names every part. */
export async function startGateway(first: Snapshot, { address, log, config, sibling }: GatewayOptions): Promise<Gateway> {
  const now = Date.now;
  const { random } = Math;
  const clock = { now };
  const snapshots = createSnapshots(first, now);
  const metrics = createMetrics({ now });
  const store = openStore(first.store, now, (message) => log.warn(message));
  const quotas = createQuotas({
    store,
    holder: randomUUID(),
    now,
    random,
    whenGone: first.store.whenGone,
    onEvent: quotaEvents(log),
    onWaited: metrics.storeWaited,
  });
  const recount = createRecount({
    budgets: store.budgets,
    now,
    later: (run, inMs) => void setTimeout(run, inMs).unref(),
    onFailure: (error) => log.warn({ err: error }, 'budgets that are new in the config cannot be counted'),
  });
  const identities = createIdentities({ now, fetch, onEvent: identityEvents(log, metrics) });
  identities.use(first);
  const storedKeys = await followStoredKeys({ keys: store.keys, keyring: identities.keyring, onEvent: keyEvents(log) });
  const spans =
    first.telemetry.otlp === undefined ? undefined : createSpans({ otlp: first.telemetry.otlp, now: createClock(now, () => performance.now()) });
  const prices = createPrices({ now });
  const health = createHealth({ now, random, by: randomUUID(), onEvent: healthEvents(log) });
  const share = shareHealth(health, first, { now, log });
  const admission = createAdmission(first.resilience, clock);
  const gates = createGates(gatesOf(first), clock, 'The providers of this model take no more requests now.');
  const bodyMemory = createBodyMemory(first.resilience.maxBodyBytes);
  const onFailure = (what: string, error: unknown): void => log.error({ err: error }, `${what} failed`);
  const handOver = sibling && createHandOver({ send: sibling.handOver, onDropped: metrics.outcomesDropped });
  const attemptLog = createAttemptLog({ now, onStray: handOver?.give ?? (() => {}) });
  const mirror = createMirror({
    quotas,
    prices,
    send: createSend({ systemCaFile: findSystemCaFile() }),
    memory: createBodyMemory(mirrorBytes), // its own, so that copies never keep an exchange out
    now,
    onResult: metrics.mirrored,
    onDropped: (reason) => metrics.mirrorDropped(reason),
    onFailure,
  });
  hangBudgetGauge(metrics.registry, () => budgetsLeft(snapshots.current(), quotas, now()));
  hangGauges(metrics.registry, { health, admission, bodyMemory, config });
  await Promise.all([preloadRedact(first.tenants.values()), loadTokenizer()]);
  const deps: ExchangeDeps = {
    snapshots,
    protocols: clientProtocols,
    policies: createPolicies({ quotas, prices, metrics, store, current: snapshots.current, log, fetch, now }),
    identities,
    registry: new Map(),
    sealFor: createSeals(first.secrets ?? [ownSecret(first)], randomBytes),
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
    session: sessionOf(sibling?.index ?? 0),
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
  const admin = await serveAdmin(sibling?.admin ?? first.admin, {
    metrics,
    api,
    notReady: () => (closing ? 'closing' : undefined),
    routes: adminRoutes({ store, snapshot: snapshots.current, now, randomBytes }),
    token: () => snapshots.current().admin.token,
    onFailure: (error) => onFailure('admin request', error),
  }).catch(async (error: unknown) => {
    await extproc.close(0); // else it would keep the process alive
    throw error;
  });
  return {
    adminPort: admin.port,
    metrics: metrics.data,
    handed: (batch) => takeOver(batch, attemptLog.handed),
    notHanded: metrics.outcomesDropped,
    async use(snapshot) {
      for (const account of changedAccounts(snapshots.current(), snapshot)) health.forget(account);
      await preloadRedact(snapshot.tenants.values());
      admission.reconfigure(snapshot.resilience);
      gates.reconfigure(gatesOf(snapshot));
      bodyMemory.reconfigure(snapshot.resilience.maxBodyBytes);
      recount(snapshots.current(), snapshot);
      identities.use(snapshot);
      snapshots.use(snapshot);
    },
    untilIdle: snapshots.untilIdle,
    async close(graceMs) {
      closing = true;
      await extproc.close(graceMs);
      await handOver?.close();
      attemptLog.close();
      // Each is let go of, whatever becomes of the others.
      await mirror.close(); // books its copies
      storedKeys.close();
      await quotas.close().catch((error: unknown) => log.error({ err: error }, 'not all that was spent could be booked'));
      const ends = await Promise.allSettled([share?.close(), store.close(), spans?.shutdown(), admin.close()]);
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

/** Bound on the bodies of all copies together. */
const mirrorBytes = 64 << 20;

/** The secret that is kept beside an embedded store. A config with a Redis names its own. */
function ownSecret({ store }: Snapshot): string {
  if (store.kind !== 'embedded') throw new Error('a config with a Redis was not checked for its secrets');
  return openSecret(`${store.path}.secret`, randomBytes);
}
