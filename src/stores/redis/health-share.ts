import { Redis, type RedisOptions } from 'ioredis';
import { changeKey, isLater, readChange, type HealthChange } from '../../routing/health/change.ts';
import { createShareFailure } from '../health-share-failure.ts';
import { shareForMs, type HealthShare, type HealthShareOptions } from '../health-share.ts';
import { createLatestChanges } from '../latest-changes.ts';

export interface RedisHealthShareOptions extends HealthShareOptions {
  /** `redis://` or `rediss://`, with credentials and the number of the database where there are such. */
  url: string;
  /** Name of the hash and of the channel: gateways of one name share. */
  name?: string;
  /** How often to compare with what Redis has, in milliseconds: a message that was lost is made up for by then. */
  intervalMs?: number;
}

/** Writes a change, and tells of it, where it is later than what is there. What cannot be read there does not count. */
const publishScript = `
local text = redis.call('HGET', KEYS[1], ARGV[1])
if text then
  local isRead, known = pcall(cjson.decode, text)
  if isRead and type(known) == 'table' and type(known.at) == 'number' and type(known.by) == 'string' then
    local at = tonumber(ARGV[3])
    if known.at > at or (known.at == at and known.by >= ARGV[4]) then return 0 end
  end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
redis.call('PUBLISH', KEYS[1], ARGV[2])
return 1`;

/** Fails fast rather than wait for a Redis that is down or silent, and looks for it again within seconds. */
const connection = {
  lazyConnect: true,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  autoResubscribe: false,
  maxRetriesPerRequest: 0,
  connectTimeout: 2000,
  commandTimeout: 2000,
  socketTimeout: 4000,
  retryStrategy: (times) => Math.min(100 * times, 2000),
  // After a failover, the address may still lead to what is a replica now.
  reconnectOnError: ({ message }) => message.startsWith('READONLY'),
} as const satisfies RedisOptions;

/** Shares through a Redis, among gateways anywhere: a hash has how things stand, a channel tells what is new. */
export function createRedisHealthShare(options: RedisHealthShareOptions): HealthShare {
  const { url, now, onChange, onEvent, name = 'remora:health', intervalMs = 2000 } = options;
  const known = createLatestChanges(now);
  const failure = createShareFailure(
    `Redis at ${new URL(url).host}`,
    'See that it runs, and that its address and password in the config are right.',
    onEvent,
  );
  const commands = new Redis(url, connection);
  const subscriber = new Redis(url, connection);
  let underWay: Promise<void> | undefined;
  let isClosed = false;

  const hear = (change: HealthChange | undefined): void => {
    if (!isClosed && change !== undefined && known.take(change)) onChange(change);
  };

  const send = async (change: HealthChange): Promise<void> => {
    const key = changeKey(change);
    await commands.eval(publishScript, 1, name, key, JSON.stringify(change), change.at, change.by, shareForMs);
  };

  /** Hears what Redis has and tells what it lacks. So nothing is lost for long, neither by a message nor by a Redis that starts empty. */
  async function compare(): Promise<void> {
    const fields = await commands.hgetall(name);
    const theirs = new Map(Object.entries(fields).map(([key, text]) => [key, readChange(text)]));
    for (const change of theirs.values()) hear(change);
    await removeOld(theirs);
    for (const change of known.all()) if (isLater(change, theirs.get(changeKey(change)))) await send(change);
  }

  async function removeOld(theirs: ReadonlyMap<string, HealthChange | undefined>): Promise<void> {
    const old = [...theirs].filter(([, change]) => change === undefined || now() - change.at > shareForMs).map(([key]) => key);
    if (old.length > 0) await commands.hdel(name, ...old);
  }

  /** One comparison at a time; none while there is no connection. */
  function compareNow(): Promise<void> {
    if (isClosed || commands.status !== 'ready') return Promise.resolve();
    underWay ??= compare()
      .then(failure.worked, failure.failed)
      .finally(() => (underWay = undefined));
    return underWay;
  }

  /** What was told before the subscription began, the comparison hears. */
  async function subscribe(): Promise<void> {
    await subscriber.subscribe(name);
    await compareNow();
  }

  /** A ping shows whether the subscriber, which only listens, is still connected; where it gets no answer, ioredis connects anew. */
  function onTimer(): void {
    void compareNow();
    if (subscriber.status === 'ready') void subscriber.ping().catch(failure.failed);
  }

  commands.on('ready', () => void compareNow());
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
      if (commands.status === 'ready') void send(change).catch(failure.failed);
    },
    async close() {
      if (isClosed) return;
      clearInterval(timer);
      await underWay;
      await compareNow(); // its answer comes after those to all that was sent before
      isClosed = true;
      commands.disconnect();
      subscriber.disconnect();
    },
  };
}
