import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { storeContract } from '../store.contract.ts';
import { storeAt } from '../store.fixture.ts';
import type { Store } from '../store.ts';
import { createEmbeddedStore } from './store.ts';

storeContract('embedded', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'remora-store-'));
  const stores: Store[] = [];
  const open = (): Store => {
    const store = createEmbeddedStore({ path: join(folder, 'remora.db'), now: () => storeAt });
    stores.push(store);
    return store;
  };
  return {
    store: open(),
    another: async () => open(),
    async remove() {
      for (const store of stores) await store.close();
      rmSync(folder, { recursive: true });
    },
  };
});
