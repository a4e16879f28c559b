import type { Snapshot } from '../config/snapshot.ts';
import type { VirtualKey } from '../identity/virtual-key.ts';
import type { AuditRecord, Store } from '../stores/store.ts';
import { AdminError } from './admin-error.ts';
import { record } from './audit.ts';
import { checkNarrows } from './key-narrows.ts';
import { readKeyChange, readNewKey, readOverlap, type InputContext } from './key-input.ts';
import { newKey, newKeyId } from './key-secret.ts';
import { viewOf, type KeyView } from './key-view.ts';

export interface KeyAdminDeps {
  store: Pick<Store, 'keys' | 'audit'>;
  /** The config in force. */
  snapshot: () => Pick<Snapshot, 'tenants' | 'models' | 'endpoints' | 'keys'>;
  now: () => number;
  randomBytes: (size: number) => Buffer;
}

/** A key that was made, with its text, which nobody can be told again. */
export type ShownKey = KeyView & { key: string };

/** What admins do with virtual keys. `by` is who does it, for the audit. Everything throws AdminError, or StoreError where the store is out of reach. */
export interface KeyAdmin {
  /** All keys, those of the config included; of one tenant where it is named. */
  list(tenant?: string): Promise<KeyView[]>;
  find(id: string): Promise<KeyView>;
  create(input: unknown, by: string): Promise<ShownKey>;
  /** Gives a key another text. The one before is valid for an overlap, 24 hours unless the input says else. */
  rotate(id: string, input: unknown, by: string): Promise<ShownKey>;
  setDisabled(id: string, disabled: boolean, by: string): Promise<KeyView>;
  change(id: string, input: unknown, by: string): Promise<KeyView>;
  remove(id: string, by: string): Promise<void>;
}

/** How often a change is tried again that others came before. */
const maxTries = 10;

type Detail = AuditRecord['detail'];

export function createKeyAdmin({ store, snapshot, now, randomBytes }: KeyAdminDeps): KeyAdmin {
  const view = (key: VirtualKey, source: KeyView['source'] = 'store'): KeyView =>
    viewOf(key, { source, now: now(), hasTenant: snapshot().tenants.has(key.tenant) });
  const context = (): InputContext => ({ now: now(), timeZone: (tenant) => snapshot().tenants.get(tenant)?.timeZone ?? 'UTC' });
  const audit = (action: string, subject: string, by: string, detail: Detail): Promise<void> =>
    record(store, { at: now(), by, action, subject, detail });

  async function stored(): Promise<VirtualKey[]> {
    const { keys } = await store.keys.all();
    return keys.filter(({ removedAt }) => removedAt === undefined);
  }

  async function storedKey(id: string): Promise<VirtualKey> {
    const key = (await stored()).find((each) => each.id === id);
    if (key !== undefined) return key;
    if (snapshot().keys.some((each) => each.id === id)) throw new AdminError('conflict', `The key ${id} is declared in the config: change the file.`);
    throw new AdminError('not-found', `There is no key ${id.slice(0, 100)}; list the keys for their ids.`);
  }

  /** Changes a key as it is when it is written; undefined from `edit` leaves it. */
  async function edited(id: string, edit: (key: VirtualKey) => VirtualKey | undefined): Promise<{ key: VirtualKey; isChanged: boolean }> {
    for (let tries = 0; tries < maxTries; tries += 1) {
      const before = await storedKey(id);
      const after = edit(before);
      if (after === undefined) return { key: before, isChanged: false };
      if (await store.keys.put(after, before)) return { key: after, isChanged: true };
    }
    throw new AdminError('conflict', `The key ${id} is being changed by others; try again.`);
  }

  async function added(input: VirtualKey): Promise<VirtualKey> {
    for (let tries = 0; tries < maxTries; tries += 1) {
      const key = { ...input, id: newKeyId(randomBytes) };
      if (await store.keys.put(key, undefined)) return key;
    }
    throw new AdminError('conflict', 'No id could be found for the key; try again.');
  }

  return {
    async list(tenant) {
      const views = [...snapshot().keys.map((key) => view(key, 'config')), ...(await stored()).map((key) => view(key))];
      return views.filter((each) => tenant === undefined || each.tenant === tenant).toSorted(byTenantAndName);
    },
    async find(id) {
      const declared = snapshot().keys.find((key) => key.id === id);
      return declared === undefined ? view(await storedKey(id)) : view(declared, 'config');
    },
    async create(input, by) {
      const wanted = readNewKey(input, context());
      checkNarrows(wanted, snapshot());
      const { text, hash } = newKey(randomBytes);
      const none = { previous: undefined, disabledAt: undefined, removedAt: undefined };
      const key = await added({ id: '', hash, createdAt: now(), ...none, ...wanted });
      await audit('key.create', key.id, by, { name: key.name, tenant: key.tenant });
      return { ...view(key), key: text };
    },
    async rotate(id, input, by) {
      const overlapMs = readOverlap(input);
      const { text, hash } = newKey(randomBytes);
      const { key } = await edited(id, (before) => ({
        ...before,
        hash,
        previous: overlapMs === 0 ? undefined : { hash: before.hash, until: now() + overlapMs },
      }));
      await audit('key.rotate', id, by, { tenant: key.tenant, overlapMs });
      return { ...view(key), key: text };
    },
    async setDisabled(id, disabled, by) {
      const { key, isChanged } = await edited(id, (before) =>
        (before.disabledAt !== undefined) === disabled ? undefined : { ...before, disabledAt: disabled ? now() : undefined },
      );
      if (isChanged) await audit(disabled ? 'key.disable' : 'key.enable', id, by, { tenant: key.tenant });
      return view(key);
    },
    async change(id, input, by) {
      const change = readKeyChange(input, context());
      const { key } = await edited(id, (before) => {
        const after = change(before);
        checkNarrows(after, snapshot());
        return after;
      });
      await audit('key.change', id, by, { tenant: key.tenant, fields: Object.keys(input as object).join(' ') });
      return view(key);
    },
    async remove(id, by) {
      const { key } = await edited(id, (before) => ({ ...before, removedAt: now() }));
      await audit('key.delete', id, by, { name: key.name, tenant: key.tenant });
    },
  };
}

const byTenantAndName = (a: KeyView, b: KeyView): number =>
  a.tenant.localeCompare(b.tenant) || a.name.localeCompare(b.name) || a.id.localeCompare(b.id);
