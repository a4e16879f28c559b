import { Redis, type RedisOptions } from 'ioredis';
import { readChange, type HealthChange } from '../../routing/health/change.ts';
import { createShareFailure } from '../health-share-failure.ts';
import type { HealthShare, HealthShareOptions } from '../health-share.ts';
import { createLatestChanges } from '../latest-changes.ts';
import { createChangeHash, missingFrom } from './change-hash.ts';

export interface RedisHealthShareOptions extends HealthShareOptions {
  /** `redis://` or `rediss://`, with credentials and the number of the database where there are such. */
  url: string;
  /** Name of the hash and of the channel: gateways of one name share. */
  name?: string;
  /** How often to compare with what Redis has, in milliseconds: a message that was lost is made up for by then. */
  intervalMs?: number;
}

/** Fails fast rather than wait for a Redis that is down or silent, and looks for it again within seconds. */
const connection = {
  lazyConnect: true,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  autoResubscribe: false,
  maxRetriesPerRequest: 0,
  connectTimeout: 2000,
  socketTimeout: 3000,
  retryStrategy: (times) => Math.min(100 * times, 2000),
  // After a failover, the address may still lead to what is a replica now.
  reconnectOnError: ({ message }) => message.startsWith('READONLY'),
} as const satisfies RedisOptions;

const mend = 'See that it runs, and that its address and password in the config are right.';

/** Shares through a Redis, among gateways anywhere: a hash has how things stand, a channel tells what is new. */
export function createRedisHealthShare(options: RedisHealthShareOptions): HealthShare {
  const { url, now, onChange, onEvent, name = 'remora:health', intervalMs = 2000 } = options;
  const known = createLatestChanges(now);
  const [commands, subscriber] = [new Redis(url, connection), new Redis(url, connection)];
  const hash = createChangeHash(commands, name, now);
  let isComparing = false;
  let isComparisonDue = false;
  let isClosed = false;
  const failure = createShareFailure(`Redis at ${new URL(url).host}`, mend, (event) => {
    if (!isClosed) onEvent(event);
  });

  function hear(change: HealthChange | undefined): void {
    if (!isClosed && change !== undefined && known.take(change)) onChange(change);
  }

  /**
   * Hears what Redis has and tells what it lacks. So nothing is lost for long, neither by a message nor by a Redis that starts empty.
   * One that is asked for while another runs follows it: that one may have read before the subscription began.
   */
  async function compare(): Promise<void> {
    isComparisonDue = true;
    if (isComparing) return;
    isComparing = true;
    try {
      while (isComparisonDue && !isClosed && commands.status === 'ready') {
        isComparisonDue = false;
        const there = await hash.read();
        for (const change of there.values()) hear(change);
        for (const change of missingFrom(there, known.all())) await hash.send(change);
        if (subscriber.status === 'ready') failure.worked();
      }
    } catch (error) {
      failure.failed(error);
    } finally {
      isComparing = false;
    }
  }

  async function subscribe(): Promise<void> {
    await subscriber.subscribe(name);
    await compare(); // what was told before
  }

  /** A ping shows whether the subscriber, which only listens, is still connected; where it gets no answer, ioredis connects anew. */
  function onTimer(): void {
    void compare();
    if (subscriber.status === 'ready') void subscriber.ping().catch(failure.failed);
  }

  commands.on('ready', () => void compare());
  subscriber.on('ready', () => void subscribe().catch(failure.failed));
  subscriber.on('message', (_channel, text) => hear(readChange(text)));
  for (const client of [commands, subscriber]) {
    client.on('error', failure.failed);
    void client.connect().catch(failure.failed);
  }
  const timer = setInterval(onTimer, intervalMs).unref();

  return {
    publish(change) {
      if (isClosed || !known.take(change)) return;
      // What cannot be sent now is told by the next comparison.
      if (commands.status === 'ready') void hash.send(change).catch(failure.failed);
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      clearInterval(timer);
      // Answered after all that was sent before.
      if (commands.status === 'ready') await commands.quit().catch(() => undefined);
      commands.disconnect();
      subscriber.disconnect();
    },
  };
}
