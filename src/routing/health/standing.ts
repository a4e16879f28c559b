/** Why a deployment rests: its breaker is open (`failing`, `slow`), or its account is set aside. */
export type RestReason = 'failing' | 'slow' | 'limited' | 'out-of-money' | 'refused';

/**
 * Whether a deployment is to be called. `probe`: its rest is over, and one request may try it, the one that `claimProbe` lets.
 * `resting` until a time in milliseconds since 1970, at which it is worth asking again; also while the probe of another request is out.
 */
export type Standing = { type: 'good' } | { type: 'probe'; reason: RestReason } | { type: 'resting'; reason: RestReason; untilMs: number };

/** The standing of what nothing bad is known of. */
export const good: Standing = { type: 'good' };
