import type { JsonNode } from '../../framing/json.ts';
import type { TextSpot } from '../protocol.ts';
import { alike, fields, kept, text, textOrTokens, texts, textSpots, type Shape } from '../text-spots.ts';

const body: Shape = fields({
  ...alike('model stream n best_of echo logprobs max_tokens temperature top_p top_k frequency_penalty presence_penalty seed', kept),
  prompt: textOrTokens,
  ...alike('suffix user logit_bias', text),
  stop: texts,
  stream_options: fields({ include_usage: kept, include_obfuscation: kept }),
});

/** Every place in a request that a person may have written, in its order. */
export const requestTexts = (request: JsonNode): TextSpot[] => textSpots(request, body);
