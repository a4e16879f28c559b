import { JsonSyntaxError, parseJson } from '../../framing/json.ts';
import { RawJson, type Writable } from '../../framing/json-write.ts';

/** The field that keeps arguments which are not a JSON object: the API takes nothing else as `input`. */
const invalidField = 'invalid_json';

/** A tool call's arguments as `input`: embedded as they were written, so that 64-bit integers and key order survive. No text at all means no arguments. */
export function toolInput(argumentsText: string): { input: Writable; isObject: boolean } {
  if (argumentsText.trim() === '') return { input: {}, isObject: true };
  return isJsonObject(argumentsText)
    ? { input: new RawJson(argumentsText), isObject: true }
    : { input: { [invalidField]: argumentsText }, isObject: false };
}

function isJsonObject(text: string): boolean {
  try {
    return parseJson(Buffer.from(text)).type === 'object';
  } catch (error) {
    if (error instanceof JsonSyntaxError) return false;
    throw error;
  }
}
