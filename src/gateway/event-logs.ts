import type { IdentityEvent } from '../identity/identities.ts';
import type { followStoredKeys } from '../identity/stored-keys.ts';
import type { QuotaEvent } from '../quotas/sync-loop.ts';
import type { HealthEvent } from '../routing/health/change.ts';
import type { HealthShareEvent } from '../stores/health-share.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** One line when the store cannot be reached, and one when it can again. */
export const quotaEvents =
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

/** One line when stored keys cannot be read, and one when they can again. */
export const keyEvents =
  (log: Logger) =>
  (event: Parameters<Parameters<typeof followStoredKeys>[0]['onEvent']>[0]): void =>
    event.type === 'keys-unreachable'
      ? log.warn({ err: event.error }, 'virtual keys of the store cannot be read; those that are known stay as they are')
      : log.info('virtual keys of the store are read again');

/** Counts refused callers, and one line for what keeps callers out who should be in. */
export const identityEvents =
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
export const healthEvents =
  (log: Logger) =>
  (event: HealthEvent): void => {
    const { kind, id, reason } = event;
    if (event.type === 'rest-began')
      log.warn({ [kind]: id, reason, until: new Date(event.untilMs).toISOString() }, `${id} is given a rest: ${reason}`);
    else log.info({ [kind]: id, reason }, `${id} is back`);
  };

/** One line when health cannot be shared, and one when it is again. */
export const healthShareEvents =
  (log: Logger) =>
  (event: HealthShareEvent): void =>
    event.type === 'share-failed'
      ? log.warn({ err: event.error }, 'health cannot be shared; each gateway goes by its own')
      : log.info('health is shared again');
