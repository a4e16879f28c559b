import { objectsIn, optional } from '../../framing/json-fields.ts';
import type { JsonNode } from '../../framing/json.ts';

/**
 * Whether a client's request lets the model think in the middle of a tool loop whose last turn does not begin with thinking: the API refuses that where thinking has a budget
 * (https://platform.claude.com/docs/en/build-with-claude/extended-thinking, "Extended thinking with tool use"). So it is where another maker's model made that turn.
 */
export function lacksThinking(body: JsonNode): boolean {
  const thinking = optional(body, 'thinking');
  if (thinking?.type !== 'object' || typeOf(thinking) !== 'enabled') return false;
  const messages = objectsIn(optional(body, 'messages'));
  if (!blocksOf(messages.at(-1)).some((block) => typeOf(block) === 'tool_result')) return false;
  const [first] = blocksOf(messages.findLast((message) => optional(message, 'role')?.text === '"assistant"'));
  return first !== undefined && !['thinking', 'redacted_thinking'].includes(typeOf(first));
}

const blocksOf = (message: JsonNode | undefined): JsonNode[] => (message === undefined ? [] : objectsIn(optional(message, 'content')));
function typeOf(object: JsonNode): string {
  const type = optional(object, 'type');
  return type?.type === 'string' ? type.string() : '';
}
