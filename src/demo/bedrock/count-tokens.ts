import { bedrockFault } from './error.ts';
import { readClaude } from './invoke.ts';
import { countsTokens } from './models.ts';
import { toAddress } from './path.ts';
import { refuseCall } from './plain.ts';
import type { ConverseBody } from './request.ts';
import { converseRules } from './rules.ts';
import { countTokensShape } from './shape.ts';
import { tokensOfBytes } from '../answerer.ts';
import { firstRefusal } from '../vendor.ts';
import type { PlainEndpoint, Refusal } from '../vendor.ts';

interface CountBody {
  input: { converse?: ConverseBody; invokeModel?: { body: string } };
}

/** `count-tokens` (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CountTokens.html): counts as the answers do, a token for every four bytes. */
export const countTokens: PlainEndpoint = {
  name: 'count-tokens',
  match: (method, path) => (method === 'POST' ? toAddress(path, { 'count-tokens': false }) : undefined),
  answer(call, models) {
    const { model = '' } = call.address;
    const refused = refuseCall(countTokensShape, call, models);
    if (refused) return { refusal: refused };
    // The shape has just been checked.
    const body = call.json as CountBody;
    if (!countsTokens(model)) return { refusal: bedrockFault('modelId', "the provided model doesn't support counting tokens") };
    const { converse, invokeModel } = body.input;
    if (converse) {
      const refusal = firstRefusal(converseRules, { model, isStream: false, body: converse });
      return refusal ? { refusal } : { json: { inputTokens: tokensOfBytes(Buffer.byteLength(JSON.stringify(converse))) } };
    }
    const bytes = Buffer.from(invokeModel?.body ?? '', 'base64');
    const refusal = refuseClaude(bytes, model);
    return refusal ? { refusal } : { json: { inputTokens: tokensOfBytes(bytes.length) } };
  },
};

function refuseClaude(bytes: Buffer, model: string): Refusal | undefined {
  try {
    const read = readClaude(JSON.parse(bytes.toString()), model, false);
    return 'refusal' in read ? read.refusal : undefined;
  } catch {
    return bedrockFault('input.invokeModel.body', 'must be JSON');
  }
}
