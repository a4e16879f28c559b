import { parseJson, type JsonNode } from '../../framing/json.ts';
import type { ChatRequest, JsonText, Warning } from '../../llm/request.ts';

/** Numbers that OpenAI's request and ours both have, under their names there and here. */
export const sharedNumbers = [
  ['temperature', 'temperature'],
  ['top_p', 'topP'],
  ['frequency_penalty', 'frequencyPenalty'],
  ['presence_penalty', 'presencePenalty'],
] as const satisfies readonly (readonly [string, keyof ChatRequest])[];

/** Takes note of what the canonical form cannot hold. */
export class Warnings {
  readonly list: Warning[] = [];

  add(node: JsonNode, detail: string): void {
    this.list.push({ field: node.path, detail });
  }

  /** Warns of every field of an object but the `known` ones and those that are null. */
  others(object: JsonNode, known: readonly string[]): void {
    for (const { value } of object.fields()) {
      if (value.type !== 'null' && !known.includes(value.name as string)) this.add(value, 'is not carried to a provider of another protocol');
    }
  }
}

/** JSON text of an object, or undefined where it is none. */
export function objectText(text: string): JsonText | undefined {
  try {
    return parseJson(Buffer.from(text)).type === 'object' ? (text as JsonText) : undefined;
  } catch {
    return undefined;
  }
}
