import type { Message } from '../../llm/request.ts';

/** What ids of tool calls must look like. */
export interface IdRule {
  taken: RegExp;
  /** Of ids that are made. */
  maxLength: number;
}

/** Characters left free for a number behind an id. */
const roomForCount = 8;

const anthropicRule: IdRule = { taken: /^[a-zA-Z0-9_-]+$/, maxLength: Number.POSITIVE_INFINITY };

/**
 * Ids of a request's tool calls as the API takes them: of letters, digits, `_` and `-`, and no two alike.
 * Others get one that is made of theirs, the same each time; a result belongs to the first call of its id that has none yet.
 */
export class ToolIds {
  readonly #rule: IdRule;
  readonly #taken: Set<string>;
  /** Calls by the ids that they came with. */
  readonly #calls = new Map<string, { id: string; isAnswered: boolean }[]>();
  /** How far names made of one were counted up. */
  readonly #counts = new Map<string, number>();

  constructor(messages: readonly Message[], rule: IdRule = anthropicRule) {
    this.#rule = rule;
    this.#taken = new Set(messages.flatMap(idsOf).filter((id) => rule.taken.test(id)));
  }

  /** The id of a further call. */
  ofCall(given: string): string {
    const calls = this.#calls.get(given) ?? [];
    const id = this.#rule.taken.test(given) && calls.length === 0 ? given : this.#made(given);
    this.#calls.set(given, [...calls, { id, isAnswered: false }]);
    return id;
  }

  /** The id of the call that a result answers; of a result to no call the given one, about which the API will complain. */
  ofResult(given: string): string {
    const calls = this.#calls.get(given) ?? [];
    const call = calls.find(({ isAnswered }) => !isAnswered) ?? calls.at(-1);
    if (call === undefined) return given;
    call.isAnswered = true;
    return call.id;
  }

  #made(given: string): string {
    const plain = given.replaceAll(/[^a-zA-Z0-9_-]/g, '_') || 'call';
    const base = plain.slice(0, this.#rule.maxLength - roomForCount);
    let id = base;
    let count = this.#counts.get(base) ?? 1;
    while (this.#taken.has(id)) id = `${base}_${++count}`;
    this.#counts.set(base, count);
    this.#taken.add(id);
    return id;
  }
}

function idsOf(message: Message): string[] {
  if (message.role === 'tool') return [message.toolCallId];
  return message.role === 'assistant' ? message.content.flatMap((item) => (item.type === 'tool-call' ? [item.id] : [])) : [];
}
