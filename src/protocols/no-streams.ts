import { sse } from '../framing/sse.ts';
import type { Protocol } from './protocol.ts';

type StreamMember = 'framing' | 'carries' | 'stateSpots' | 'createDecoder' | 'heldTextEvent' | 'createEncoder' | 'encodeStreamError';

/** What a protocol has of streams, and of state that clients echo, whose answers are JSON alone: nothing. To be spread into it. */
export const noStreams: Pick<Protocol, StreamMember> = {
  framing: sse,
  carries: { origin: undefined, reasoning: false, calls: false },
  stateSpots: () => [],
  createDecoder: () => ({ push: () => [] }),
  heldTextEvent: ({ event: { name, data } }) => ({ name, data }),
  createEncoder: () => ({ push: () => [], stop: () => [] }),
  encodeStreamError: () => [],
};
