import { parseJson, type JsonNode } from '../framing/json.ts';
import { splice, type Edit } from '../framing/splice.ts';
import type { Carried, PathFacts, Protocol, RequestFacts, Target, TextSpot } from './protocol.ts';

/** A client's request: its own bytes, read where they lie. Immutable; an edit makes a new one. */
export class ClientRequest {
  readonly protocol: Protocol;
  readonly body: JsonNode;
  readonly facts: RequestFacts;
  readonly #path: PathFacts;
  #decoded: Carried<unknown> | undefined;

  /** Throws JsonSyntaxError and JsonFieldError. */
  constructor(protocol: Protocol, bytes: Buffer, path: PathFacts = {}) {
    this.protocol = protocol;
    this.#path = path;
    this.body = parseJson(bytes);
    this.facts = protocol.facts(this.body, path);
  }

  get bytes(): Buffer {
    return this.body.bytes;
  }

  texts(): TextSpot[] {
    return this.protocol.requestTexts(this.body);
  }

  edited(edits: readonly Edit[]): ClientRequest {
    return edits.length === 0 ? this : new ClientRequest(this.protocol, splice(this.bytes, edits), this.#path);
  }

  /** The bytes for a provider of the same protocol, with what this one does not take. */
  retargeted(target: Target): Carried<Buffer> {
    const { value: edits, warnings } = this.protocol.retarget(this.body, this.facts, target);
    return { value: splice(this.bytes, edits), warnings };
  }

  /** The canonical form, for providers of another protocol; decoded once. */
  decoded(): Carried<unknown> {
    this.#decoded ??= this.protocol.decodeRequest(this.body, this.facts);
    return this.#decoded;
  }
}
