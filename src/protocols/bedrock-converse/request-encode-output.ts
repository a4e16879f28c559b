import type { Writable } from '../../framing/json-write.ts';
import type { ChatRequest, Warning } from '../../llm/request.ts';
import { fitSchema } from '../anthropic-messages/request-schema.ts';

/** What is said of a schema that had to be fitted. */
export const lostKeywords = (keywords: readonly string[]): string => `Bedrock holds no model to ${keywords.join(', ')}; left out of the schema`;

/** The form of the answer: https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html */
export function encodeFormat({ responseFormat }: ChatRequest, hasSchemas: boolean, warnings: Warning[]): Writable {
  if (responseFormat === undefined) return undefined;
  const warn = (detail: string): void => void warnings.push({ field: 'response_format', detail });
  if (responseFormat.type === 'json-object') {
    warn('the Converse API has no JSON mode without a schema; the prompt alone asks for JSON');
    return undefined;
  }
  if (!hasSchemas) {
    warn('is left out: this model cannot be held to a schema');
    return undefined;
  }
  const { schema, lost } = fitSchema(responseFormat.schema);
  if (lost.length > 0) warn(lostKeywords(lost));
  const { name, description } = responseFormat;
  return { type: 'json_schema', structure: { jsonSchema: { schema, name: unlessBlank(name), description: unlessBlank(description) } } };
}

/** The API wants at least one character where it is told anything. */
const unlessBlank = (text: string | undefined): string | undefined => (text === '' ? undefined : text);
