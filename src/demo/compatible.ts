import { compatibleEvents, compatibleJson } from './compatible/answer.ts';
import type { Flavour } from './compatible/flavour.ts';
import { flavours, type FlavourName } from './compatible/flavours.ts';
import { readCompatible, type ChatRequest } from './compatible/request.ts';
import { toFrame } from './deliver.ts';
import { openAIRefusal } from './openai/error.ts';
import { openAI } from './openai.ts';
import { startFake } from './server.ts';
import type { FakeOptions, FakeProvider } from './server.ts';
import type { Vendor } from './vendor.ts';

/** The servers whose Chat Completions differ from OpenAI's in ways that are known. */
export const compatibleNames = Object.keys(flavours) as FlavourName[];
export type { FlavourName };

/** A fake server of Chat Completions with the differences of one vendor. */
export function startFakeCompatible(name: FlavourName, options: FakeOptions = {}): Promise<FakeProvider> {
  const { basePath } = flavours[name];
  return startFake({ vendors: [createCompatibleChat(name)], basePath }, `sk-demo-${name}`, options);
}

/** Chat Completions of one vendor, to be mounted beside its other endpoints. */
export function createCompatibleChat(name: FlavourName): Vendor<ChatRequest> {
  const flavour: Flavour = flavours[name];
  const { basePath, models, errorBody, answer } = flavour;
  return {
    name: flavour.name,
    models,
    maxBodyBytes: 64 * 1024 * 1024,
    toolCallPrefix: 'call_',
    answerPrefix: 'chatcmpl-',
    match: (path) => (path === `${basePath}/chat/completions` ? {} : undefined),
    responseHeaders: (requestId) => ({ 'x-request-id': requestId, ...flavour.responseHeaders?.(requestId) }),
    checkCall: ({ headers }, apiKey) => (flavour.isOpen || headers.authorization === `Bearer ${apiKey}` ? undefined : openAIRefusal(401)),
    read: (body, known) => readCompatible(flavour, body, known),
    modelOf: ({ wire }) => wire.model,
    isStream: ({ chat }) => chat.stream === true,
    prompt: ({ wire, chat }) => ({ ...openAI.prompt(chat), reasons: flavour.reasons?.(wire) ?? false }),
    cachePrefixes: ({ chat }) => openAI.cachePrefixes(chat),
    json: (reply) => compatibleJson(flavour, reply),
    events: (reply) => compatibleEvents(flavour, reply),
    refusalFor: openAIRefusal,
    errorBody,
    errorEvent: (refusal) => ({ data: flavour.errorEvent?.(refusal) ?? errorBody(refusal) }),
    frame(event, { isFirst, lineEnd }) {
      const comment = isFirst && answer.comment !== undefined ? `: ${answer.comment}${lineEnd}${lineEnd}` : '';
      return Buffer.concat([Buffer.from(comment), toFrame(event, lineEnd)]);
    },
  };
}
