import type { MetricData } from '../telemetry/metrics.ts';

/** A config as it is sent to a sidecar: its text as data, checked. */
export interface SentConfig {
  data: unknown;
  hash: string;
  /** The config of the start is 1, and each that comes into force is one more. */
  number: number;
}

/** The place of a sidecar process among several behind one Envoy. */
export interface Place {
  /** From 0. */
  index: number;
  count: number;
  /** Unix socket for its admin server: the config's address is for all of them. */
  admin: string;
}

/** What a sidecar is told by the process that forked it. */
export type ToSidecar =
  /** Serve, by this config. The first message. */
  | { type: 'begin'; config: SentConfig; place: Place | undefined }
  /** Use this config from the next exchange on. */
  | { type: 'use'; config: SentConfig }
  /** A try has come to nothing; for metrics and the admin API. */
  | { type: 'refused'; problems: readonly string[] }
  | { type: 'unchanged' }
  /** What became of attempts of which another process heard. */
  | { type: 'handed'; batch: string }
  /** So many attempts that it handed over have not reached another process. */
  | { type: 'not-handed'; count: number }
  /** Tell your metrics. */
  | { type: 'measure'; number: number };

/** What a sidecar tells the process that forked it. */
export type FromSidecar =
  /** It serves. */
  | { type: 'ready' }
  /** It uses the config that it was told to, or says why it does not. */
  | { type: 'used'; number: number }
  | { type: 'not-used'; number: number; problems: readonly string[] }
  /** No exchange that began before this config can still make an attempt, or it has taken too long. */
  | { type: 'idle'; number: number }
  /** What became of `count` attempts whose exchanges it does not know. */
  | { type: 'hand-over'; batch: string; count: number }
  | { type: 'measured'; number: number; metrics: readonly MetricData[] };
