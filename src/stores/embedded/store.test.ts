import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { storeContract } from '../store.contract.ts';
import { budget, createGateway, move, slots, storeAt } from '../store.fixture.ts';
import { deadAfterMs, type Store } from '../store.ts';
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

test('a call that is repeated after its process was given up grants only what that still has', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'remora-store-'));
  const store = createEmbeddedStore({ path: join(folder, 'remora.db'), now: () => storeAt });
  const one = createGateway(store, 'one');
  await one.sync({ moves: [budget(), slots()].map((quota) => move(quota, { need: 5, want: 5 })) });
  const now = storeAt + deadAfterMs + 1;
  await createGateway(store, 'two').sync({ now });
  for (let count = 0; count < 2; count += 1) expect((await one.repeat({ now })).states.map(({ granted }) => granted)).toEqual([5, 0]);
  await store.close();
  rmSync(folder, { recursive: true });
});
