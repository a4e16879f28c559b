import { Redis } from 'ioredis';
import { beforeAll, beforeEach } from 'vitest';
import { storeAt } from '../store.fixture.ts';
import type { Store } from '../store.ts';
import { createRedisServer } from './server.fixture.ts';
import { createRedisStore, type RedisStoreOptions } from './store.ts';

/** A Redis for all tests of a `describe`, emptied before each of them. */
export interface RealRedis {
  /** For what goes past the store. */
  client(): Redis;
  open(options?: Partial<RedisStoreOptions>): Store;
}

export function useRealRedis(): RealRedis {
  let url = '';
  let client: Redis | undefined;
  const opened: Store[] = [];
  const there = (): Redis => {
    if (client === undefined) throw new Error('the Redis is not started yet');
    return client;
  };
  beforeAll(async () => {
    const server = await createRedisServer();
    await server.start();
    url = server.url;
    client = new Redis(url);
    return async () => {
      client?.disconnect();
      await server.kill();
    };
  });
  beforeEach(async () => {
    await there().flushall();
    return async () => {
      for (const store of opened.splice(0)) await store.close();
    };
  });
  return {
    client: there,
    open(options = {}) {
      const store = createRedisStore({ url, now: () => storeAt, clock: 'caller', ...options });
      opened.push(store);
      return store;
    },
  };
}
