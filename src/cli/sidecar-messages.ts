/** What `remora up` tells its sidecar. */
export type ToSidecar =
  /** Use this config from the next exchange on: its text as data, checked. */
  | { type: 'use'; data: unknown; hash: string; number: number }
  /** A try has come to nothing; for metrics and the admin API. */
  | { type: 'refused'; problems: readonly string[] }
  | { type: 'unchanged' };

/** What the sidecar tells the process that forked it. */
export type FromSidecar =
  /** It serves. */
  | { type: 'ready' }
  /** It uses the config that it was told to, or says why it does not. */
  | { type: 'used'; number: number }
  | { type: 'not-used'; number: number; problems: readonly string[] }
  /** No exchange that began before this config can still make an attempt, or it has taken too long. */
  | { type: 'idle'; number: number };
