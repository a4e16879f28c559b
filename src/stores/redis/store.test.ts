import { storeContract } from '../store.contract.ts';
import { storeAt } from '../store.fixture.ts';
import type { Store } from '../store.ts';
import { createRedisServer, redisMissing } from './server.fixture.ts';
import { createRedisStore } from './store.ts';

storeContract(
  'redis',
  async () => {
    const server = await createRedisServer();
    await server.start();
    const opened: Store[] = [];
    const open = (): Store => {
      const store = createRedisStore({ url: server.url, now: () => storeAt, clock: 'caller' });
      opened.push(store);
      return store;
    };
    return {
      store: open(),
      another: () => Promise.resolve(open()),
      async remove() {
        for (const store of opened) await store.close();
        await server.kill();
      },
    };
  },
  redisMissing,
);
