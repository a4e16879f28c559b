import { parseJson, type JsonNode } from '../framing/json.ts';
import { splice, type Edit } from '../framing/splice.ts';
import type { ChatRequest } from '../llm/request.ts';
import { withChatParameters, type ChatParameters } from './chat-parameters.ts';
import type { Carried, PathFacts, Protocol, RequestFacts, Target, TextSpot } from './protocol.ts';

/** A client's request: its own bytes, read where they lie. Immutable; an edit makes a new one. */
export class ClientRequest {
  readonly protocol: Protocol;
  readonly body: JsonNode;
  readonly facts: RequestFacts;
  readonly #path: PathFacts;
  readonly #parameters: ChatParameters | undefined;
  #decoded: Carried<unknown> | undefined;

  /** Throws JsonSyntaxError and JsonFieldError. */
  constructor(protocol: Protocol, body: Buffer | JsonNode, path: PathFacts = {}, parameters?: ChatParameters) {
    this.protocol = protocol;
    this.#path = path;
    this.#parameters = parameters;
    this.body = Buffer.isBuffer(body) ? parseJson(body) : body;
    const facts = protocol.facts(this.body, path);
    const maxTokens = parameters?.maxTokens;
    this.facts = maxTokens === undefined ? facts : { ...facts, maxTokens: maxTokens * facts.choices };
  }

  get bytes(): Buffer {
    return this.body.bytes;
  }

  texts(): TextSpot[] {
    return this.protocol.requestTexts(this.body);
  }

  edited(edits: readonly Edit[]): ClientRequest {
    return edits.length === 0 ? this : new ClientRequest(this.protocol, splice(this.bytes, edits), this.#path, this.#parameters);
  }

  /** The same chat request with parameters of a rule. Its own bytes stay: each provider gets them in the form that its model takes. */
  withParameters(parameters: ChatParameters): ClientRequest {
    const given = Object.fromEntries(Object.entries(parameters).filter(([, value]) => value !== undefined));
    return new ClientRequest(this.protocol, this.body, this.#path, { ...this.#parameters, ...given });
  }

  /** The bytes for a provider of the same protocol, with what this one does not take. */
  retargeted(target: Target): Carried<Buffer> {
    const set = this.#set(target);
    const { value: edits, warnings } = this.protocol.retarget(set.value, this.facts, target);
    return { value: splice(set.value.bytes, edits), warnings: [...set.warnings, ...warnings] };
  }

  /** The canonical form, for providers of another protocol; decoded once. */
  decoded(): Carried<unknown> {
    this.#decoded ??= this.#decode();
    return this.#decoded;
  }

  #decode(): Carried<unknown> {
    const decoded = this.protocol.decodeRequest(this.body, this.facts);
    if (this.#parameters === undefined) return decoded;
    return { ...decoded, value: withChatParameters(decoded.value as ChatRequest, this.#parameters) }; // only chat requests have parameters
  }

  /** The client's body with the parameters in it. */
  #set(target: Target): Carried<JsonNode> {
    if (this.#parameters === undefined || this.protocol.parameterEdits === undefined) return { value: this.body, warnings: [] };
    const { value: edits, warnings } = this.protocol.parameterEdits(this.body, this.#parameters, target);
    return { value: parseJson(splice(this.bytes, edits)), warnings };
  }
}
