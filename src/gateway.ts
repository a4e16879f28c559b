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
import { createIdentities, type IdentityEvent } from './identity/identities.ts';
import { followStoredKeys } from './identity/stored-keys.ts';
import { noUsage } from './llm/usage.ts';
import { createMirror } from './mirror/mirror.ts';
import { createSend } from './mirror/send.ts';
import { createAlerts, type Alert } from './policies/budget/alerts.ts';
import { createFairShares } from './policies/budget/fair-share.ts';
import { createBudget } from './policies/budget/index.ts';
import { createRequestLabels } from './policies/budget/request-labels.ts';
import { createPaces } from './policies/budget/pace.ts';
import { createLimits } from './policies/limits.ts';
import { inOrder } from './policies/order.ts';
import { preloadRedact, redact } from './policies/redact/index.ts';
import { createHabits } from './pricing/habits.ts';
import { createPrices } from './pricing/prices.ts';
import { createQuotas } from './quotas/create-quotas.ts';
import { createRecount } from './quotas/recount.ts';
import type { QuotaEvent } from './quotas/sync-loop.ts';
import { clientProtocols } from './protocols/registry.ts';
import { createSeals } from './protocols/seal.ts';
import { createTaskClassifier } from './routing/auto/classifier.ts';
import { accountId } from './routing/deployment.ts';
import { createHealth, type Health } from './routing/health/health.ts';
import type { HealthEvent } from './routing/health/change.ts';
import { loadTokenizer } from './routing/tokens/vocabulary.ts';
import { createEmbeddedHealthShare } from './stores/embedded/health-share.ts';
import { openSecret } from './stores/embedded/secret.ts';
import type { HealthShare, HealthShareEvent } from './stores/health-share.ts';
import { createRedisHealthShare } from './stores/redis/health-share.ts';
import { openStore } from './stores/open-store.ts';
import { createClock } from './telemetry/clock.ts';
import { hangBudgetGauge } from './telemetry/budget-gauge.ts';
import { hangGauges } from './telemetry/gauges.ts';
import type { Logger } from './telemetry/log.ts';
import { createMetrics, type MetricData, type Metrics } from './telemetry/metrics.ts';
import { post } from './telemetry/webhook.ts';
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

/** Puts the gateway together and serves ext_proc. The one place that names every part. */
export async function startGateway(first: Snapshot, { address, log, config, sibling }: GatewayOptions): Promise<Gateway> {
  const now = Date.now;
  const { random } = Math;
  const clock = { now };
  const snapshots = createSnapshots(first, now);
  const metrics = createMetrics({ now });
  const store = openStore(first.store, now, (message) => log.warn(message));
  const quotas = createQuotas({ store, holder: randomUUID(), now, random, whenGone: first.store.whenGone, onEvent: quotaEvents(log) });
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
  const passThroughNanos = (group: string): number | undefined => snapshots.current().passThrough?.costNanos.get(group);
  const deps: ExchangeDeps = {
    snapshots,
    protocols: clientProtocols,
    policies: inOrder([
      metrics.policy,
      createLimits({ quotas, now, onLimited: metrics.limited }),
      redact,
      createBudget({
        quotas,
        prices,
        habits: createHabits({ maxPairs: 10_000 }),
        paces: createPaces({ now, holders: () => quotas.holders }),
        fairShares: createFairShares({ now }),
        labelsOf: createRequestLabels({ maxValues: 1000 }),
        passThroughNanos,
        warn: createAlerts({
          first: (name, untilMs) => store.first(name, untilMs),
          tell: (alert) => tellPeople(alert, snapshots.current(), log),
          onFailure: (error) => onFailure('alert', error),
        }),
        onLimited: metrics.limited,
        onCost: metrics.cost,
        onStep: metrics.step,
        now,
      }),
    ]),
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

/** The secret that is kept beside an embedded store. A config with a Redis names its own. */
function ownSecret({ store }: Snapshot): string {
  if (store.kind !== 'embedded') throw new Error('a config with a Redis was not checked for its secrets');
  return openSecret(`${store.path}.secret`, randomBytes);
}

/** Brings a warning about a budget to the log and, where the config names one, to the webhook. */
async function tellPeople({ id, owner, at, used, amount, unit, until }: Alert, { alerts }: Snapshot, log: Logger): Promise<void> {
  const message = {
    type: 'budget-warning',
    budget: id,
    owner,
    at,
    used: Number(used.toFixed(4)),
    amount: String(amount),
    unit,
    until: until === Number.MAX_SAFE_INTEGER ? null : new Date(until).toISOString(),
  };
  log.warn(message, `${owner} has used ${(used * 100).toFixed(1)}% of a budget`);
  if (alerts !== undefined) await post(alerts, message, fetch);
}

/** One line when the store cannot be reached, and one when it can again. */
const quotaEvents =
  (log: Logger) =>
  (event: QuotaEvent): void => {
    switch (event.type) {
      case 'store-failed':
        return log.error({ err: event.error }, 'the store cannot be reached; what is spent waits in memory');
      case 'store-recovered':
        return log.info('the store is reached again');
      case 'forgotten':
        return log.warn('this process was silent for so long that its part of rate limits went to others');
      case 'entries-dropped':
        return log.error({ entries: event.count }, 'entries of the ledger are lost: more wait than can be kept');
      case 'keys-changed':
        return undefined;
    }
  };

const keyEvents =
  (log: Logger) =>
  (event: Parameters<Parameters<typeof followStoredKeys>[0]['onEvent']>[0]): void =>
    event.type === 'keys-unreachable'
      ? log.warn({ err: event.error }, 'virtual keys of the store cannot be read; those that are known stay as they are')
      : log.info('virtual keys of the store are read again');

const identityEvents =
  (log: Logger, metrics: Metrics) =>
  (event: IdentityEvent): void => {
    switch (event.type) {
      case 'refused':
        return metrics.authFailure(event.code);
      case 'tenant-missing':
        return log.warn(
          { tenant: event.tenant, keys: event.keys },
          'keys of the store name a tenant that the config does not have; they are refused',
        );
      case 'issuer-unreachable':
        return log.warn({ err: event.error, issuer: event.url }, 'the keys of an issuer of tokens cannot be fetched');
      case 'issuer-back':
        return log.info({ issuer: event.url }, 'the keys of an issuer of tokens are fetched again');
    }
  };

/** One line when a deployment or an account is given a rest, and one when it is back: never one per request. */
const healthEvents =
  (log: Logger) =>
  (event: HealthEvent): void => {
    const { kind, id, reason } = event;
    if (event.type === 'rest-began')
      log.warn({ [kind]: id, reason, until: new Date(event.untilMs).toISOString() }, `${id} is given a rest: ${reason}`);
    else log.info({ [kind]: id, reason }, `${id} is back`);
  };
