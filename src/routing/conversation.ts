import { hash } from 'node:crypto';
import type { JsonNode } from '../framing/json.ts';
import type { ChatRequest } from '../llm/request.ts';
import type { ClientRequest } from '../protocols/client-request.ts';
import type { ReadableRequest } from './readable-request.ts';
import { taskOf, textOf, userText } from './task.ts';

/** The header in which clients may name a conversation. */
const conversationHeader = 'x-remora-conversation';
/** The labels in which clients do. */
const labels = ['conversation_id', 'thread_id', 'session_id'];
/** Longest id that is taken as it is. */
const maxIdChars = 64;
/** Most characters of an instruction, and of a message, that tell one conversation from another. */
const maxSeenChars = 16 * 1024;

/**
 * The same for all requests of one conversation, 64 characters at most: what the client calls it (header, Responses' `conversation`, a label, its key for
 * prompt caches), else a digest of instructions and first message, which every further request of it repeats.
 */
export function conversationOf(client: ClientRequest, headers: ReadonlyMap<string, string>, request: ReadableRequest): string {
  const named =
    headers.get(conversationHeader) ?? keptId(client.body, 'conversation') ?? (request.kind === 'chat' ? namedIn(request.chat) : undefined);
  if (named !== undefined && named !== '') return named.length <= maxIdChars ? named : digest(named);
  return continued(client, request) ?? digest(beginning(request));
}

function namedIn({ metadata = {}, promptCacheKey }: ChatRequest): string | undefined {
  const label = labels.find((name) => metadata[name] !== undefined);
  return label === undefined ? promptCacheKey : metadata[label];
}

/** What a request adds to says nothing of how that began. Its id is another one each time, but better than being taken for all that begin alike. */
const continued = ({ body }: ClientRequest, { kind }: ReadableRequest): string | undefined => {
  const id = kind === 'chat' || kind === 'unreadable' ? keptId(body, 'previous_response_id') : undefined;
  return id === undefined ? undefined : digest(id);
};

/** The id of something that a provider keeps, written by itself or as an object. */
function keptId(body: JsonNode, field: string): string | undefined {
  const node = fieldOf(body, field);
  const id = node?.type === 'object' ? fieldOf(node, 'id') : node;
  return id?.type === 'string' ? id.string() : undefined;
}

/** The last of this name: one that stands twice is for the protocol to refuse. */
function fieldOf(object: JsonNode, name: string): JsonNode | undefined {
  if (object.type !== 'object') return undefined;
  return [...object.fields()].findLast(({ key }) => key.string() === name)?.value;
}

function beginning(request: ReadableRequest): string {
  if (request.kind !== 'chat') return taskOf(request);
  const { messages } = request.chat;
  const instructions = messages.filter(({ role }) => role === 'system').map(textOf);
  const first = messages.map(userText).find((text) => text !== '') ?? '';
  return `${instructions.join('\n').slice(0, maxSeenChars)}\0${first.slice(0, maxSeenChars)}`;
}

const digest = (text: string): string => hash('sha256', text).slice(0, 32);
