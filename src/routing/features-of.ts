import type { ChatRequest } from '../llm/request.ts';
import type { ClientRequest } from '../protocols/client-request.ts';
import { conversationOf } from './conversation.ts';
import type { RequestFeatures } from './features.ts';
import { languageOf } from './language.ts';
import { readRequest, type ReadableRequest } from './readable-request.ts';
import { taskOf } from './task.ts';
import { estimateTokens } from './tokens/estimate.ts';
import { tokensOfChat, tokensOfEmbed, tokensOfRerank } from './tokens/request-tokens.ts';

/**
 * What routing knows of a request, to be made of the one that policies have seen: its texts may be placeholders by then.
 * Nothing is read before it is asked for, and nothing throws: what cannot be read is absent, so that no deployment is refused for it.
 */
export const featuresOf = (request: ClientRequest, call: { headers: ReadonlyMap<string, string> }): RequestFeatures => new Features(request, call);

/** What messages hold besides text. */
interface Media {
  images: boolean;
  documents: boolean;
  audio: boolean;
}

class Features implements RequestFeatures {
  readonly #client: ClientRequest;
  readonly #headers: ReadonlyMap<string, string>;
  #read: ReadableRequest | undefined;
  #media: Media | undefined;
  #hasImages: boolean | undefined;
  #hasDocuments: boolean | undefined;
  #hasAudio: boolean | undefined;
  #hasTools: boolean | undefined;
  #hasJsonSchema: boolean | undefined;
  #hasReasoning: boolean | undefined;
  #inputTokens: number | undefined;
  #task: string | undefined;
  #language: string | undefined;
  #conversation: string | undefined;

  constructor(client: ClientRequest, { headers }: { headers: ReadonlyMap<string, string> }) {
    this.#client = client;
    this.#headers = headers;
  }

  get stream(): boolean {
    return this.#client.facts.stream;
  }

  get maxTokens(): number | undefined {
    const { protocol, facts } = this.#client;
    if (protocol.operation !== 'chat' || facts.maxTokens === undefined) return undefined;
    return Math.ceil(facts.maxTokens / facts.choices); // `facts` has those of all choices together
  }

  get inputTokens(): number {
    this.#inputTokens ??= inputTokens(this.#request, this.#client);
    return this.#inputTokens;
  }

  get hasImages(): boolean {
    this.#hasImages ??= this.#mentions('image') && this.#contents.images;
    return this.#hasImages;
  }

  get hasDocuments(): boolean {
    this.#hasDocuments ??= this.#mentions('document', 'file', 'pdf') && this.#contents.documents;
    return this.#hasDocuments;
  }

  get hasAudio(): boolean {
    this.#hasAudio ??= this.#mentions('audio') && this.#contents.audio;
    return this.#hasAudio;
  }

  get hasTools(): boolean {
    this.#hasTools ??= this.#mentions('tool', 'function') && (this.#chat?.tools.length ?? 0) > 0;
    return this.#hasTools;
  }

  get hasJsonSchema(): boolean {
    this.#hasJsonSchema ??= this.#mentions('chema') && this.#chat?.responseFormat?.type === 'json-schema';
    return this.#hasJsonSchema;
  }

  get hasReasoning(): boolean {
    this.#hasReasoning ??= this.#mentions('reason', 'think') && reasons(this.#chat);
    return this.#hasReasoning;
  }

  get dimensions(): number | undefined {
    return this.#request.kind === 'embed' ? this.#request.embed.dimensions : undefined;
  }

  get messages(): number {
    return this.#chat?.messages.filter(({ role }) => role !== 'system').length ?? 0;
  }

  get task(): string {
    this.#task ??= taskOf(this.#request);
    return this.#task;
  }

  get language(): string {
    this.#language ??= languageOf(this.task);
    return this.#language;
  }

  get metadata(): Readonly<Record<string, string>> {
    return this.#chat?.metadata ?? {};
  }

  get user(): string | undefined {
    return this.#request.kind === 'embed' ? this.#request.embed.user : this.#chat?.user;
  }

  get conversation(): string {
    this.#conversation ??= conversationOf(this.#client, this.#headers, this.#request);
    return this.#conversation;
  }

  /** Whether the body may speak of something, in the words that the protocols have for it: most requests need not be decoded to know that they do not. */
  #mentions(...words: readonly string[]): boolean {
    const { bytes } = this.#client;
    return words.some((word) => bytes.includes(word)) || bytes.includes('\\u'); // a word may be written in escapes
  }

  get #request(): ReadableRequest {
    this.#read ??= readRequest(this.#client);
    return this.#read;
  }

  get #chat(): ChatRequest | undefined {
    return this.#request.kind === 'chat' ? this.#request.chat : undefined;
  }

  get #contents(): Media {
    this.#media ??= mediaOf(this.#chat);
    return this.#media;
  }
}

const reasons = (chat: ChatRequest | undefined): boolean =>
  chat?.reasoning !== undefined && chat.reasoning.effort !== 'none' && chat.reasoning.budgetTokens !== 0;

function mediaOf(chat: ChatRequest | undefined): Media {
  const kinds = new Set<string>();
  for (const { content } of chat?.messages ?? []) for (const { type } of content) kinds.add(type);
  return { images: kinds.has('image'), documents: kinds.has('document'), audio: kinds.has('audio') };
}

function inputTokens(request: ReadableRequest, client: ClientRequest): number {
  switch (request.kind) {
    case 'chat':
      return tokensOfChat(request.chat);
    case 'embed':
      return tokensOfEmbed(request.embed);
    case 'rerank':
      return tokensOfRerank(request.rerank);
    case 'unreadable':
      return estimateTokens(client.texts().map(({ node }) => node.text)).tokens;
  }
}
