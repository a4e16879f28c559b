import { unsettable, type ChatParameters } from '../../protocols/chat-parameters.ts';
import type { ClientRequest } from '../../protocols/client-request.ts';
import type { Carried } from '../../protocols/protocol.ts';

/**
 * A request with the parameters that a rule sets. Each provider gets them as its model takes them, and what it does not take is warned of when the request is written for it;
 * the warnings here are of requests that have no such parameters, whoever serves them.
 */
export function withParameters(request: ClientRequest, parameters: ChatParameters): Carried<ClientRequest> {
  const { operation, parameterEdits } = request.protocol;
  if (operation === 'chat' && parameterEdits !== undefined) return { value: request.withParameters(parameters), warnings: [] };
  return { value: request, warnings: unsettable(parameters, 'requests of this kind have no such parameter') };
}
