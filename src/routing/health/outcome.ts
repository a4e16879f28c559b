/** Why an attempt has no response of the provider's, or not all of it. `left`: the client went away. */
export type AttemptFailure = 'connect' | 'tls' | 'dns' | 'reset' | 'timeout' | 'left' | 'gateway';

/** What became of one attempt, as Envoy tells it when the attempt is over. */
export interface AttemptOutcome {
  /** Envoy's name of the cluster that it went to. */
  cluster: string;
  /** The provider's HTTP status; 0 where none came. */
  status: number;
  /** Undefined where the provider's response came in full. */
  failure: AttemptFailure | undefined;
  /** Envoy's own words on it: response flags, code details, the reason of a broken connection. Empty where all went well. */
  details: string;
  /** Milliseconds since 1970. */
  startedAt: number;
  /** From its start to its end, in milliseconds. */
  durationMs: number;
  /** From its start to the first byte of the response, in milliseconds; undefined where none came. */
  firstByteMs: number | undefined;
  /** The response's headers that say something about limits, by lower-case name: `retry-after`, `x-ratelimit-*` and their kin. */
  headers: ReadonlyMap<string, string>;
}
