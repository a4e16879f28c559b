import { parseJson, type JsonNode } from '../framing/json.ts';
import { splice, type Edit } from '../framing/splice.ts';
import type { ChatRequest } from '../llm/request.ts';
import type { Carried, Protocol, RequestFacts, Target, TextSpot } from './protocol.ts';

/** A client's request: its own bytes, read where they lie. Immutable; an edit makes a new one. */
export class ClientRequest {
  readonly protocol: Protocol;
  readonly body: JsonNode;
  readonly facts: RequestFacts;
  #decoded: Carried<ChatRequest> | undefined;

  /** Throws JsonSyntaxError and JsonFieldError. */
  constructor(protocol: Protocol, bytes: Buffer) {
    this.protocol = protocol;
    this.body = parseJson(bytes);
    this.facts = protocol.facts(this.body);
  }

  get bytes(): Buffer {
    return this.body.bytes;
  }

  texts(): TextSpot[] {
    return this.protocol.requestTexts(this.body);
  }

  edited(edits: readonly Edit[]): ClientRequest {
    return edits.length === 0 ? this : new ClientRequest(this.protocol, splice(this.bytes, edits));
  }

  /** The bytes for a provider of the same protocol. */
  retargeted(target: Target): Buffer {
    return splice(this.bytes, this.protocol.retarget(this.body, this.facts, target));
  }

  /** The canonical form, for providers of another protocol; decoded once. */
  decoded(): Carried<ChatRequest> {
    this.#decoded ??= this.protocol.decodeRequest(this.body);
    return this.#decoded;
  }
}
