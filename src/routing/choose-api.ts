import type { ChatRequest } from '../llm/request.ts';
import type { Api } from '../providers/provider.ts';
import type { Operation } from '../protocols/protocol.ts';
import type { Deployment } from './deployment.ts';

/** What a deployment speaks of an operation, the preferred first. */
export const apisOf = ({ endpoint, model }: Deployment, operation: Operation): Api[] =>
  endpoint.provider.apis.filter((api) => api.protocol.operation === operation && (api.serves?.(model) ?? true));

/**
 * Which of a provider's protocols a translated request goes out in: the first, unless the request reasons and only another one gives its reasoning back
 * (OpenAI's chat does not, its Responses do). Undefined where there is none.
 */
export function chooseApi(apis: readonly Api[], request: unknown): Api | undefined {
  const [first] = apis;
  return isReasoning(request) ? (apis.find(({ protocol }) => protocol.carries.reasoning) ?? first) : first;
}

/** Whether a canonical request asks for reasoning, or holds some. */
function isReasoning(request: unknown): boolean {
  const { reasoning, messages = [] } = request as Partial<ChatRequest>; // other operations have neither
  return (
    (reasoning !== undefined && reasoning.effort !== 'none') ||
    messages.some((message) => message.role === 'assistant' && message.content.some(({ type }) => type === 'reasoning'))
  );
}
