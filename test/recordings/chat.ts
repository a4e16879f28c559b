import { anthropicMessages } from '../../src/protocols/anthropic-messages/index.ts';
import { bedrockConverse } from '../../src/protocols/bedrock-converse/index.ts';
import { geminiGenerate } from '../../src/protocols/gemini-generate/index.ts';
import { openaiChat } from '../../src/protocols/openai-chat/index.ts';
import { openaiResponses } from '../../src/protocols/openai-responses/index.ts';
import type { ChatProtocol } from '../../src/protocols/protocol.ts';
import * as anthropicRequests from './anthropic-messages/requests.ts';
import * as anthropicStreams from './anthropic-messages/streams.ts';
import * as bedrockRequests from './bedrock-converse/requests.ts';
import * as bedrockStreams from './bedrock-converse/streams.ts';
import * as geminiRequests from './gemini-generate/requests.ts';
import * as geminiStreams from './gemini-generate/streams.ts';
import * as openaiRequests from './openai-chat/requests.ts';
import * as openaiStreams from './openai-chat/streams.ts';
import * as responsesRequests from './openai-responses/requests.ts';
import * as responsesStreams from './openai-responses/streams.ts';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** What is recorded of a chat protocol. */
export interface ChatRecordings {
  protocol: ChatProtocol;
  /** A provider model that it is asked for; one that takes as much as any. */
  model: string;
  /** Requests that can be translated, by name. */
  requests: [name: string, request: Json][];
  /** Bytes of streams, by name. */
  streams: [name: string, bytes: Buffer][];
}

/** Every chat protocol's recordings. */
export const recordings: readonly ChatRecordings[] = [
  {
    protocol: openaiChat,
    model: 'gpt-5-mini',
    requests: requestsIn(openaiRequests, 'messages'),
    streams: Object.entries(openaiStreams.streams).map(([name, stream]) => [name, openaiStreams.bytesOf(stream)]),
  },
  {
    protocol: openaiResponses,
    model: 'gpt-5-mini',
    requests: [['everyTranslatableField', responsesRequests.everyTranslatableField]],
    streams: Object.entries(responsesStreams.streams).map(([name, stream]) => [name, responsesStreams.bytesOf(stream)]),
  },
  {
    protocol: anthropicMessages,
    model: 'claude-sonnet-4-5',
    requests: requestsIn(anthropicRequests, 'messages'),
    streams: Object.entries(anthropicStreams.streams).map(([name, stream]) => [name, anthropicStreams.bytesOf(stream)]),
  },
  {
    protocol: geminiGenerate,
    model: 'gemini-3-pro-preview',
    requests: requestsIn(geminiRequests, 'contents'),
    streams: Object.entries(geminiStreams.streams).map(([name, stream]) => [name, geminiStreams.bytesOf(stream)]),
  },
  {
    protocol: bedrockConverse,
    model: 'eu.anthropic.claude-sonnet-4-5-20250929-v1:0',
    requests: requestsIn(bedrockRequests, 'messages'),
    streams: Object.entries(bedrockStreams.streams).map(([name, stream]) => [name, bedrockStreams.bytesOf(stream)]),
  },
];

/** Every recorded request of a module, which `field` tells from other exports: each is one, or an object of them. */
function requestsIn(module: object, field: string): [name: string, request: Json][] {
  return Object.entries(module).flatMap(([name, value]): [string, Json][] => {
    if (!isGroup(value)) return [];
    if (field in value) return [[name, value as Json]];
    return Object.entries(value).flatMap(([inner, request]): [string, Json][] =>
      isGroup(request) && field in request ? [[inner, request as Json]] : [],
    );
  });
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
