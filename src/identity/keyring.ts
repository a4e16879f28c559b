import type { Identity, Tenant } from '../policies/tenant.ts';
import { keyIdentity, type UserTerms } from './identity.ts';
import { toNetworks, type Networks, type Source } from './source.ts';
import type { VirtualKey } from './virtual-key.ts';

/** All virtual keys, in memory, by the SHA-256 of each. What changes takes its place between two look-ups, never half. */
export interface Keyring {
  /** Puts the tenants and keys of a config in the place of an earlier one's. */
  useConfig(config: KeyringConfig): void;
  /** Puts all keys of the store in the place of those known before. */
  useStored(keys: readonly VirtualKey[]): void;
  /** Takes note of keys of the store that are new or have changed. */
  change(keys: readonly VirtualKey[]): void;
  /** By the SHA-256 of a key, in lower-case hex: the time that takes says nothing about keys. A key of the config comes before one of the store. */
  lookUp(hash: string): KnownKey | undefined;
}

export interface KeyringConfig {
  tenants: ReadonlyMap<string, Tenant>;
  keys: readonly VirtualKey[];
  userTerms: UserTerms;
}

export interface KeyringOptions {
  /** Hears of tenants that keys of the store name and the config does not have, once of each. */
  onMissingTenant: (tenant: string, keys: number) => void;
}

/** A virtual key and what it stands for under the config in force. */
export class KnownKey {
  readonly key: VirtualKey;
  /** Undefined where the config has no such tenant. */
  readonly #tenant: Tenant | undefined;
  readonly #userTerms: UserTerms;
  #identity: Identity | undefined;
  #networks: Networks | undefined;

  constructor(key: VirtualKey, { tenants, userTerms }: KeyringConfig) {
    this.key = key;
    this.#tenant = tenants.get(key.tenant);
    this.#userTerms = userTerms;
  }

  get hasTenant(): boolean {
    return this.#tenant !== undefined;
  }

  /** Who calls with it; undefined where there is no such tenant. Made when it is first asked for: most of many keys are seldom used. */
  get identity(): Identity | undefined {
    if (this.#tenant !== undefined) this.#identity ??= keyIdentity(this.key, this.#tenant, this.#userTerms);
    return this.#identity;
  }

  /** Whether it may be used from there. */
  mayComeFrom(source: () => Source | undefined): boolean {
    const { networks } = this.key;
    if (networks === undefined) return true;
    this.#networks ??= toNetworks(networks);
    return this.#networks(source());
  }
}

/** Makes a keyring without keys. */
export function createKeyring({ onMissingTenant }: KeyringOptions): Keyring {
  let config: KeyringConfig | undefined;
  let declared: ReadonlyMap<string, KnownKey> = new Map();
  let stored = new Map<string, KnownKey>();
  let storedKeys = new Map<string, VirtualKey>();
  let missing: ReadonlySet<string> = new Set();

  const add = (to: Map<string, KnownKey>, key: VirtualKey, of: KeyringConfig): void => {
    const known = new KnownKey(key, of);
    if (key.previous !== undefined) to.set(key.previous.hash, known);
    to.set(key.hash, known);
  };
  const indexed = (keys: Iterable<VirtualKey>, of: KeyringConfig): Map<string, KnownKey> => {
    const index = new Map<string, KnownKey>();
    for (const key of keys) add(index, key, of);
    return index;
  };
  const tellMissing = (keys: Iterable<VirtualKey>, { tenants }: KeyringConfig): Set<string> => {
    const counts = new Map<string, number>();
    for (const { tenant, removedAt } of keys) {
      if (removedAt === undefined && !tenants.has(tenant)) counts.set(tenant, (counts.get(tenant) ?? 0) + 1);
    }
    for (const [tenant, count] of counts) if (!missing.has(tenant)) onMissingTenant(tenant, count);
    return new Set(counts.keys());
  };

  return {
    useConfig(next) {
      config = next;
      declared = indexed(next.keys, next);
      stored = indexed(storedKeys.values(), next);
      missing = tellMissing(storedKeys.values(), next);
    },
    useStored(keys) {
      storedKeys = new Map(keys.map((key) => [key.id, key]));
      if (config === undefined) return;
      stored = indexed(storedKeys.values(), config);
      missing = tellMissing(storedKeys.values(), config);
    },
    change(keys) {
      for (const key of keys) {
        const before = storedKeys.get(key.id);
        storedKeys.set(key.id, key);
        for (const hash of [before?.hash, before?.previous?.hash]) {
          if (hash !== undefined && stored.get(hash)?.key.id === key.id) stored.delete(hash);
        }
        if (config !== undefined) add(stored, key, config);
      }
      if (config !== undefined) missing = new Set([...missing, ...tellMissing(keys, config)]);
    },
    lookUp: (hash) => declared.get(hash) ?? stored.get(hash),
  };
}
