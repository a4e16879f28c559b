import { awsEventStream } from '../../framing/aws-event-stream.ts';
import type { ChatProtocol } from '../protocol.ts';
import { decodeFailure, encodeError, encodeStreamError, errorHeaders } from './error.ts';
import { decodeRequest } from './request-decode.ts';
import { encodeRequest } from './request-encode.ts';
import { rulesOf } from './request-models.ts';
import { stateSpots } from './request-state.ts';
import { storedIds } from './request-stored-ids.ts';
import { parameterEdits } from './request-parameters.ts';
import { requestTexts } from './request-texts.ts';
import { atOperations, facts, retarget } from './request.ts';
import { decodeAnswer, encodeAnswer } from './response.ts';
import { createDecoder, createEncoder, heldTextEvent } from './stream.ts';

/** Bedrock's `converse` and `converse-stream`, with the models of all makers (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html). */
export const bedrockConverse: ChatProtocol = {
  name: 'bedrock-converse',
  operation: 'chat',
  framing: awsEventStream,
  carries: { origin: 'anthropic', reasoning: true, calls: false },
  holdsSchemas: ({ model }) => rulesOf(model).schemas,
  ...atOperations({ converse: false, 'converse-stream': true }),
  facts,
  requestTexts,
  stateSpots,
  storedIds,
  retarget,
  parameterEdits,
  decodeRequest,
  encodeRequest,
  decodeAnswer,
  encodeAnswer,
  createDecoder,
  heldTextEvent,
  createEncoder,
  decodeFailure,
  encodeError,
  errorHeaders,
  encodeStreamError,
};
