import { optional, optionalCount } from '../../framing/json-fields.ts';
import { JsonFieldError, type JsonNode } from '../../framing/json.ts';
import type { Edit } from '../../framing/splice.ts';
import { matchPattern } from '../client-path.ts';
import type { Carried, PathFacts, Protocol, RequestFacts } from '../protocol.ts';
import { checkMessages } from '../request-facts.ts';

/** Paths of the operations of a model, by whether they stream. The model's id is URL-encoded, since it may be an ARN. */
export function atOperations(operations: Readonly<Record<string, boolean>>): Pick<Protocol, 'clientPaths' | 'matchPath'> {
  const patterns = Object.entries(operations).map(([operation, stream]) => ({ pattern: `/model/{model}/${operation}`, stream }));
  return {
    clientPaths: patterns.map(({ pattern }) => pattern),
    matchPath(path): PathFacts | undefined {
      for (const { pattern, stream } of patterns) {
        const found = matchPattern(pattern, path);
        if (found !== undefined) return { ...found, stream };
      }
      return undefined;
    },
  };
}

/** The model that a path names. Throws JsonFieldError where it names none. */
export function modelInPath({ model }: PathFacts): string {
  if (model === undefined || model === '') throw new JsonFieldError('model', 'must be named in the path');
  return model;
}

/** What the gateway must know of a request: the path has its model, and whether it is streamed. Throws JsonFieldError where the API too would refuse. */
export function facts(body: JsonNode, path: PathFacts): RequestFacts {
  const model = modelInPath(path);
  checkMessages(body);
  const config = optional(body, 'inferenceConfig');
  return {
    model,
    stream: path.stream ?? false,
    maxTokens: config && optionalCount(config, 'maxTokens', 1),
    choices: 1,
    wantsUsage: true, // every answer of this protocol carries it
  };
}

/** The model is in the path, so that nothing of the body changes. */
export const retarget = (): Carried<Edit[]> => ({ value: [], warnings: [] });
