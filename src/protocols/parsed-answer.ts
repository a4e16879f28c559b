import { JsonFieldError, parseJson } from '../framing/json.ts';
import { isObject, type WireObject } from './untrusted.ts';

/** A provider's JSON answer, which must be an object. JSON.parse is the fastest reader there is; ours says what is wrong. Throws JsonFieldError, JsonSyntaxError. */
export function parsedAnswer(body: Buffer): WireObject {
  let answer: unknown;
  try {
    answer = JSON.parse(body.toString('utf8'));
  } catch (error) {
    parseJson(body);
    throw error;
  }
  if (!isObject(answer)) throw new JsonFieldError('', 'must be an object');
  return answer;
}
