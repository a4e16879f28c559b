import { vi } from 'vitest';
import type { ChatRequest, Message, UserContent } from '../../src/llm/request.ts';
import { clientProtocols } from '../../src/protocols/registry.ts';
import type { ChatProtocol, ClientError, EncoderOptions, LocatedPart, Protocol } from '../../src/protocols/protocol.ts';
import { providerKinds } from '../../src/providers/registry.ts';

/** A way to take a feature out of every translator: at the canonical form, where all of them meet. */
export interface Mutation {
  /** What a provider's protocol gets to write of a request. */
  request?: (request: ChatRequest) => ChatRequest;
  /** What is read of a provider's answer. */
  answer?: (part: LocatedPart) => readonly LocatedPart[];
  /** How it is asked to write it. */
  options?: (options: EncoderOptions) => EncoderOptions;
  /** What a client's protocol gets to write of an error. */
  error?: (error: ClientError) => ClientError;
  /** True: a stream that is broken off ends without a word. */
  isSilent?: boolean;
}

const isChat = (protocol: Protocol): protocol is ChatProtocol => protocol.operation === 'chat';

const chatProtocols = (): ChatProtocol[] => {
  const spoken = [...providerKinds.values()].flatMap(({ apis }) => apis.map(({ protocol }) => protocol));
  return [...new Set([...clientProtocols, ...spoken])].filter(isChat);
};

/** Puts a mutation into every protocol; the result takes it out again. */
export function install({ request, answer, options, error, isSilent = false }: Mutation): () => void {
  for (const protocol of chatProtocols()) {
    const { encodeRequest, createDecoder, decodeAnswer, createEncoder, encodeError, encodeStreamError } = protocol;
    if (request) vi.spyOn(protocol, 'encodeRequest').mockImplementation((given, target) => encodeRequest.call(protocol, request(given), target));
    if (answer) {
      vi.spyOn(protocol, 'decodeAnswer').mockImplementation((body) => decodeAnswer.call(protocol, body).flatMap(answer));
      vi.spyOn(protocol, 'createDecoder').mockImplementation(() => {
        const decoder = createDecoder.call(protocol);
        return { push: (event) => decoder.push(event).flatMap(answer) };
      });
    }
    if (options) vi.spyOn(protocol, 'createEncoder').mockImplementation((given) => createEncoder.call(protocol, options(given)));
    if (error) {
      vi.spyOn(protocol, 'encodeError').mockImplementation((given) => encodeError.call(protocol, error(given)));
      vi.spyOn(protocol, 'encodeStreamError').mockImplementation((given) => encodeStreamError.call(protocol, error(given)));
    }
    if (isSilent) vi.spyOn(protocol, 'encodeStreamError').mockImplementation(() => []);
  }
  return () => void vi.restoreAllMocks();
}

/** A request without these fields. */
export const withoutFields = (...fields: (keyof ChatRequest)[]): Mutation => ({
  request: (request) =>
    Object.fromEntries(Object.entries(request).filter(([name]) => !fields.some((field) => field === name))) as unknown as ChatRequest,
});

/** A request without messages of a role. */
export const withoutMessages = (role: Message['role']): Mutation => ({
  request: (request) => ({ ...request, messages: request.messages.filter((message) => message.role !== role) }),
});

/** A request with messages changed. */
export const withMessages = (change: (message: Message) => Message): Mutation => ({
  request: (request) => ({ ...request, messages: request.messages.map(change) }),
});

/** A request without content of a type, in messages of the user and in results of tools. */
export const withoutContent = (type: UserContent['type']): Mutation =>
  withMessages((message) =>
    message.role === 'user' || message.role === 'tool' ? { ...message, content: message.content.filter((item) => item.type !== type) } : message,
  );

/** An answer without parts of these types. */
export const withoutParts = (...types: LocatedPart['type'][]): Mutation => ({ answer: (part) => (types.includes(part.type) ? [] : [part]) });

/** An answer that looks complete after its first words. */
export const endedEarly: Mutation = {
  answer(part) {
    if (part.type !== 'text') return [part];
    const { choice, block } = part;
    return [part, { type: 'block-end', choice, block }, { type: 'finish', choice, reason: { unified: 'stop', raw: 'stop' } }, { type: 'end' }];
  },
};
