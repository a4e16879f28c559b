import { createDecayingRatio } from './decaying-ratio.ts';

/** How fast a deployment has answered of late; each undefined where it has not been measured. */
export interface Latency {
  /** From the start of an attempt to the first content of its stream, in milliseconds. 0 where only whole answers were measured of late: their speed counts from the start. */
  firstTokenMs: number | undefined;
  tokensPerSecond: number | undefined;
  /** Since the last measurement of these, in milliseconds. */
  ageMs: number | undefined;
}

/** What an answer brought, and in what time (milliseconds). */
export interface Produced {
  outputTokens: number;
  ms: number;
}

/** Measures how fast a deployment answers. */
export interface LatencyMeter {
  firstToken(ms: number): void;
  /** A stream ended; its time counts from the first token. */
  finished(produced: Produced): void;
  /** An answer came whole; its time counts from the start of the attempt. */
  answeredWhole(produced: Produced): void;
  latency(): Latency;
}

/** What was measured this long ago counts half of what is measured now. */
const halfLifeMs = 60_000;

/** Of fewer tokens, the time says more of the network than of the model. */
const fewestTokens = 8;

/** `now` is in milliseconds since 1970. */
export function createLatencyMeter(now: () => number): LatencyMeter {
  const firstTokenMs = createDecayingRatio(halfLifeMs);
  const streamSpeed = createDecayingRatio(halfLifeMs);
  const wholeSpeed = createDecayingRatio(halfLifeMs);
  let streamAt: number | undefined;
  let wholeAt: number | undefined;

  return {
    firstToken(ms) {
      firstTokenMs.add(ms, 1, now());
      streamAt = now();
    },
    finished({ outputTokens, ms }) {
      if (outputTokens < fewestTokens || ms <= 0) return;
      streamSpeed.add(outputTokens, ms / 1000, now());
      streamAt = now();
    },
    answeredWhole({ outputTokens, ms }) {
      if (outputTokens < fewestTokens || ms <= 0) return;
      wholeSpeed.add(outputTokens, ms / 1000, now());
      wholeAt = now();
    },
    latency() {
      const ageMs = (at: number): number => Math.max(now() - at, 0);
      // Streams tell more, as long as they are not much older.
      if (streamAt !== undefined && (wholeAt === undefined || wholeAt - streamAt < halfLifeMs)) {
        return { firstTokenMs: firstTokenMs.value(), tokensPerSecond: streamSpeed.value(), ageMs: ageMs(streamAt) };
      }
      if (wholeAt !== undefined) return { firstTokenMs: 0, tokensPerSecond: wholeSpeed.value(), ageMs: ageMs(wholeAt) };
      return { firstTokenMs: undefined, tokensPerSecond: undefined, ageMs: undefined };
    },
  };
}
