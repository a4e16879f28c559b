import { afterEach, describe } from 'vitest';
import { holderContract } from './store-holders.contract.ts';
import { interleavingContract } from './store-interleavings.contract.ts';
import { leaseContract } from './store-leases.contract.ts';
import { recordContract } from './store-records.contract.ts';
import type { Store } from './store.ts';

/** One store under test, empty at first. */
export interface StoreUnderTest {
  store: Store;
  /** The same store as another process opens it. */
  another(): Promise<Store>;
  /** Closes all that was opened, and removes what was kept. */
  remove(): Promise<void>;
}

/** Opens a new store; it is removed when the test is over. */
export type OpenStore = () => Promise<StoreUnderTest>;

/** What every store must do, whatever it keeps things in. All is skipped where something for it is `missing`. */
export function storeContract(name: string, openStore: OpenStore, missing?: string): void {
  describe.skipIf(missing !== undefined)(`${name} store`, { timeout: 60_000 }, () => {
    const opened: StoreUnderTest[] = [];
    afterEach(async () => {
      for (const one of opened.splice(0)) await one.remove();
    });
    const open: OpenStore = async () => {
      const one = await openStore();
      opened.push(one);
      return one;
    };
    leaseContract(open);
    holderContract(open);
    recordContract(open);
    interleavingContract(open);
  });
}
