import { type Store, StoreError, type SyncReply, type SyncRequest } from '../stores/store.ts';

/** Runs something once after a time; returns what cancels it. */
export type Schedule = (run: () => void, inMs: number) => () => void;

/** How long one word of the store is waited for, before it counts as out of reach, in milliseconds. */
const answerMs = 2500;

/** The store, and time. */
export interface StoreAccess {
  store: Pick<Store, 'sync'>;
  /** Milliseconds since 1970. */
  now: () => number;
  schedule: Schedule;
}

/** The store's answer to a sync, which is sent as of now; rejects with StoreError after a while where there is none. */
export function askStore({ store, now, schedule }: StoreAccess, request: SyncRequest): Promise<SyncReply> {
  return new Promise((resolve, reject) => {
    const cancel = schedule(
      () => reject(new StoreError('The store did not answer in time. Look whether it is up; what is to be booked is kept until it is.')),
      answerMs,
    );
    Promise.try(() => store.sync({ ...request, now: now() }))
      .finally(cancel)
      .then(resolve, (error: unknown) => reject(toStoreError(error)));
  });
}

/** Any failure of a store as what `Quotas` promise. */
export const toStoreError = (error: unknown): StoreError =>
  error instanceof StoreError
    ? error
    : new StoreError('The store failed. Look at its log; what was to be booked is kept until it works again.', error);
