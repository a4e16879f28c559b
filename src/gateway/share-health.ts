import type { Snapshot } from '../config/snapshot.ts';
import type { Health } from '../routing/health/health.ts';
import { createEmbeddedHealthShare } from '../stores/embedded/health-share.ts';
import type { HealthShare } from '../stores/health-share.ts';
import { createRedisHealthShare } from '../stores/redis/health-share.ts';
import type { Logger } from '../telemetry/log.ts';
import { healthShareEvents } from './event-logs.ts';

/** What one gateway learns about a deployment that fails, the others need not learn again. Undefined where the config has nobody told. */
export function shareHealth(health: Health, { resilience }: Snapshot, { now, log }: { now: () => number; log: Logger }): HealthShare | undefined {
  if (resilience.share === undefined) return undefined;
  const options = { now, onChange: health.apply, onEvent: healthShareEvents(log) };
  const { share: place } = resilience;
  const share =
    'path' in place ? createEmbeddedHealthShare({ path: place.path, ...options }) : createRedisHealthShare({ url: place.redis, ...options });
  health.onChange(share.publish);
  return share;
}
