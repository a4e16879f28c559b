import type { TokenLogprob } from '../../llm/part.ts';
import { isObject, itemsOf, textOf, type WireObject } from '../untrusted.ts';

/** The log probabilities of a choice, those of a refusal among them. */
export function readLogprobs(value: unknown): TokenLogprob[] {
  if (!isObject(value)) return [];
  return [...itemsOf(value['content']), ...itemsOf(value['refusal'])].filter(isObject).map((token) => ({
    ...readToken(token),
    top: itemsOf(token['top_logprobs']).filter(isObject).map(readToken),
  }));
}

function readToken(token: WireObject): Omit<TokenLogprob, 'top'> {
  const { logprob, bytes } = token;
  return {
    token: textOf(token['token']),
    logprob: typeof logprob === 'number' ? logprob : -9999, // OpenAI's number for what is hardly possible
    ...(Array.isArray(bytes) && { bytes: bytes.filter((byte) => typeof byte === 'number') }),
  };
}

/** Log probabilities as a choice holds them, of its text or of its refusal. */
export function writeLogprobs(tokens: readonly TokenLogprob[], isRefusal: boolean) {
  const written = tokens.map(({ top, ...token }) => ({ ...writeToken(token), top_logprobs: top.map(writeToken) }));
  return isRefusal ? { content: null, refusal: written } : { content: written, refusal: null };
}

const writeToken = ({ token, logprob, bytes }: Omit<TokenLogprob, 'top'>) => ({ token, logprob, bytes: bytes ?? null });
