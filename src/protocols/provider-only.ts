import type { Protocol } from './protocol.ts';

type ClientMember = 'clientPaths' | 'matchPath' | 'facts' | 'requestTexts' | 'retarget' | 'decodeRequest' | 'encodeAnswer' | 'encodeError';

/** What a protocol has for clients that only providers speak: no path leads to it, so that nothing of it is ever called. To be spread into it. */
export const providerOnly: Pick<Protocol<never>, ClientMember> = {
  clientPaths: [],
  matchPath: () => undefined,
  facts: nobodySpeaks,
  requestTexts: nobodySpeaks,
  retarget: nobodySpeaks,
  decodeRequest: nobodySpeaks,
  encodeAnswer: nobodySpeaks,
  encodeError: nobodySpeaks,
};

function nobodySpeaks(): never {
  throw new Error('no client speaks this protocol');
}
