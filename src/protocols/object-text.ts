import { JsonFieldError, JsonSyntaxError, parseJson, type JsonNode } from '../framing/json.ts';
import type { ObjectText } from '../llm/request.ts';

/** An object's own text, untouched. Throws JsonFieldError where the value is none. */
export function objectText(node: JsonNode): ObjectText {
  if (node.type !== 'object') throw new JsonFieldError(node.path, 'must be an object');
  return node.text as ObjectText;
}

/** An object of strings, written out. */
export const writtenObject = (value: Readonly<Record<string, string>>): ObjectText => JSON.stringify(value) as ObjectText;

/** The schema of a tool that takes no arguments, which a tool without a schema stands for. */
export const noParameters = '{"type":"object","properties":{}}' as ObjectText;

/** The arguments of a call without any: clients parse them as JSON. */
export const noArguments = '{}' as ObjectText;

/** The field that keeps arguments which are not a JSON object. */
const invalidField = 'invalid_json';

/**
 * A tool call's arguments as an object, as they were written. No text at all means no arguments.
 * Models sometimes write what is no JSON object, and neither clients nor providers of other protocols take it: then its text is kept as the field `invalid_json` of one.
 */
export function argumentsObject(text: string): { value: ObjectText; isValid: boolean } {
  if (text.trim() === '') return { value: noArguments, isValid: true };
  return isObjectText(text) ? { value: text, isValid: true } : { value: writtenObject({ [invalidField]: text }), isValid: false };
}

function isObjectText(text: string): text is ObjectText {
  try {
    return parseJson(Buffer.from(text)).type === 'object';
  } catch (error) {
    if (error instanceof JsonSyntaxError) return false;
    throw error;
  }
}
