import type { Part } from '../llm/part.ts';
import type { ChatRequest } from '../llm/request.ts';

/** The name of the tool that a model fills in where no API holds it to a schema. */
const answerTool = 'json_answer';

/**
 * A request for an answer of a schema, for a model that can only be held to one in the arguments of a tool: it must call one whose arguments are the answer.
 * The same request where the client asks for no schema, or has tools of its own, which a forced one would keep from being called.
 */
export function withAnswerTool(request: ChatRequest): ChatRequest {
  const { responseFormat, ...rest } = request;
  if (responseFormat?.type !== 'json-schema' || request.tools.length > 0) return request;
  const { schema, description = 'Gives the answer to the user. Its arguments are all that the user gets to see.' } = responseFormat;
  const { parallelToolCalls: _, ...more } = rest;
  return {
    ...more,
    tools: [{ name: answerTool, description, parameters: schema }],
    toolChoice: { type: 'tool', name: answerTool },
    parallelToolCalls: false,
  };
}

/** Makes the arguments of the answer's tool its text again. For one answer to a request that `withAnswerTool` changed. */
export function createToolAsText(): (part: Part) => readonly Part[] {
  const blocks = new Set<number>();
  return (part) => {
    switch (part.type) {
      case 'tool-call':
        if (part.name !== answerTool) return [part];
        blocks.add(part.block);
        return [];
      case 'tool-arguments':
        return [blocks.has(part.block) ? { ...part, type: 'text' } : part];
      case 'finish':
        return [part.reason.unified === 'tool-calls' && blocks.size > 0 ? { ...part, reason: { ...part.reason, unified: 'stop' } } : part];
      default:
        return [part];
    }
  };
}
