import { Redis, type RedisOptions } from 'ioredis';
import { StoreError } from '../store.ts';
import { migrationScript, schemaVersion } from './lua/migrations.ts';
import { toScript, type Script } from './script.ts';

/** A Redis as the store uses it: each call is answered, or rejected with StoreError within some 3 seconds. */
export interface RedisConnection {
  /** Runs a script, all or nothing. `isRepeatable` says that it may be run again where nobody knows whether it was done. */
  run(script: Script, args: readonly (string | number)[], isRepeatable: boolean): Promise<unknown>;
  /** Reads with plain commands. */
  read<Result>(ask: (client: Redis) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

export interface RedisConnectionOptions {
  url: string;
  /** What all names of keys begin with. */
  root: string;
  /** A sentence for people, once. */
  onWarning: (message: string) => void;
}

/** Fails fast rather than wait for a Redis that is down or silent, and looks for it again within seconds. */
const connection = {
  lazyConnect: true,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  connectTimeout: 2000,
  commandTimeout: 2500,
  socketTimeout: 2500,
  retryStrategy: (times) => Math.min(100 * times, 1000),
  // After a failover, the address may still lead to what is a replica now.
  reconnectOnError: ({ message }) => message.startsWith('READONLY'),
} as const satisfies RedisOptions;

const [connectWithinMs, answerWithinMs] = [2500, 3000];

/** Begins to connect. Throws StoreError for an address that is none. */
export function createRedisConnection({ url, root, onWarning }: RedisConnectionOptions): RedisConnection {
  const { host, hide } = readAddress(url);
  const client = new Redis(url, connection);
  let lastError: Error | undefined;
  let hasWarned = false;
  client.on('error', (error: Error) => (lastError = error));
  client.on('ready', () => {
    lastError = undefined;
    void warnOfEviction().catch(() => undefined);
  });
  // Why it failed is told by an event.
  void client.connect().catch(() => undefined);

  function toStoreError(error: unknown, wasSent: boolean, isRepeatable: boolean): StoreError {
    if (error instanceof StoreError) return error;
    const reason = hide(error instanceof Error ? error.message : String(error));
    const doubt = wasSent && !isRepeatable && !isAnswer(error) ? ' Whether this call was done is not known: look before you repeat it.' : '';
    // The library's own error would show the command, and with it passwords.
    return new StoreError(`The Redis at ${host} cannot be used (${reason}). ${mendOf(reason)}${doubt}`, new Error(reason));
  }

  async function warnOfEviction(): Promise<void> {
    const policy = /^maxmemory_policy:(\S+)/m.exec(await client.info('memory'))?.[1];
    if (hasWarned || policy === undefined || policy === 'noeviction') return;
    hasWarned = true;
    onWarning(
      `The Redis at ${host} has the eviction policy ${policy}: when its memory is full it would throw away budgets and entries without a word. Set maxmemory-policy to noeviction.`,
    );
  }

  let connecting: Promise<void> | undefined;

  /** Waits for a connection that is being made, all calls together; not for one that failed. */
  async function connected(): Promise<void> {
    if (client.status === 'connecting' || client.status === 'connect') {
      connecting ??= becameReadyOrNot(client).finally(() => (connecting = undefined));
      await connecting;
    }
    if (client.status !== 'ready') throw lastError ?? new Error('there is no connection');
  }

  async function attempt<Result>(ask: () => Promise<Result>, isRepeatable: boolean): Promise<Result> {
    let wasSent = false;
    async function connectAndAsk(): Promise<Result> {
      await connected();
      wasSent = true;
      return ask();
    }
    try {
      return await within(connectAndAsk(), answerWithinMs);
    } catch (error) {
      throw toStoreError(error, wasSent, isRepeatable);
    }
  }

  async function evaluate(script: Script, args: readonly (string | number)[]): Promise<unknown> {
    try {
      return await client.evalsha(script.sha, 1, root, ...args);
    } catch (error) {
      if (!startsWith(error, 'NOSCRIPT')) throw error;
      return client.eval(script.text, 1, root, ...args);
    }
  }

  async function evaluateMigrated(script: Script, args: readonly (string | number)[]): Promise<unknown> {
    try {
      return await evaluate(script, args);
    } catch (error) {
      const found = startsWith(error, 'REMORASCHEMA ') ? Number(error.message.split(' ')[1]) : undefined;
      if (found === undefined) throw error;
      if (!(found < schemaVersion)) {
        throw new StoreError(
          `The Redis at ${host} has data of a newer Remora (form ${found}, this one knows ${schemaVersion}). Update this gateway, or give it another prefix.`,
        );
      }
      await evaluate(toScript(migrationScript(found)), [found]);
      return evaluate(script, args);
    }
  }

  return {
    run: (script, args, isRepeatable) => attempt(() => evaluateMigrated(script, args), isRepeatable),
    read: (ask) => attempt(() => ask(client), true),
    async close() {
      // Answered after all that was sent before.
      if (client.status === 'ready') await client.quit().catch(() => undefined);
      client.disconnect();
    },
  };
}

const startsWith = (error: unknown, start: string): error is Error => error instanceof Error && error.message.startsWith(start);

/** Redis itself refused: then nothing was done. */
const isAnswer = (error: unknown): boolean => error instanceof Error && error.name === 'ReplyError';

function mendOf(reason: string): string {
  if (reason.startsWith('OOM')) return 'Its memory is full: raise maxmemory, or keep entries for a shorter time.';
  if (/^(NOAUTH|WRONGPASS)/.test(reason)) return 'Give the right user and password in its address.';
  if (reason.startsWith('NOPERM')) return 'Let its user run scripts and all commands on the keys of the prefix.';
  if (reason.startsWith('MOVED') || reason.startsWith('CROSSSLOT'))
    return 'It is a Redis Cluster, which is not supported: give the address of a single Redis.';
  if (/^(WRONGTYPE|ERR) /.test(reason)) return 'It has to be Redis 6.2 or newer, and nothing else may write to the keys of the prefix.';
  return 'See that it runs, and that its address and password in the config are right.';
}

/** Host and port for messages, and what takes the password out of a text. */
function readAddress(url: string): { host: string; hide: (text: string) => string } {
  const address = URL.canParse(url) ? new URL(url) : undefined;
  if (address === undefined || !['redis:', 'rediss:'].includes(address.protocol)) {
    throw new StoreError('The address of the Redis is none. Write it as redis://host:port or rediss://user:password@host:port.');
  }
  const secrets = [address.password, decoded(address.password)].filter((secret) => secret !== '');
  return { host: address.host, hide: (text) => secrets.reduce((shown, secret) => shown.replaceAll(secret, '***'), text) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Returns when the client is ready, or has failed to become so, or takes too long. */
function becameReadyOrNot(client: Redis): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, connectWithinMs);
  for (const event of ['ready', 'close', 'end']) client.once(event, resolve);
  return promise.finally(() => {
    clearTimeout(timer);
    for (const event of ['ready', 'close', 'end']) client.off(event, resolve);
  });
}

/** Rejects when a promise takes too long. */
async function within<Result>(answer: Promise<Result>, ms: number): Promise<Result> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error('it does not answer')), ms);
  try {
    return await Promise.race([answer, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
