import { decodeFailure } from '../failure.ts';
import type { Protocol } from '../protocol.ts';
import { encodeError, encodeStreamError } from './error.ts';
import { decodeRequest } from './request-decode.ts';
import { encodeRequest } from './request-encode.ts';
import { requestTexts } from './request-texts.ts';
import { facts, retarget } from './request.ts';
import { decodeAnswer, encodeAnswer } from './response.ts';
import { createDecoder, createEncoder, heldTextEvent } from './stream.ts';

/** The Anthropic Messages API, `POST {base}/v1/messages`. */
export const anthropicMessages: Protocol = {
  name: 'anthropic-messages',
  clientPath: '/v1/messages',
  facts,
  requestTexts,
  retarget,
  decodeRequest,
  encodeRequest,
  decodeAnswer,
  encodeAnswer,
  createDecoder,
  heldTextEvent,
  createEncoder,
  decodeFailure,
  encodeError,
  encodeStreamError,
};
