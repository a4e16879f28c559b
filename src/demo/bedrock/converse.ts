import { converseEvents, converseJson, exceptionEvent, awsFrame } from './answer.ts';
import { bedrockProblem, refuseModel } from './error.ts';
import type { BedrockGate } from './gate.ts';
import { converseModels } from './models.ts';
import { toAddress } from './path.ts';
import { cachePrefixes, toPrompt } from './prompt.ts';
import type { ConverseBody, ConverseRequest } from './request.ts';
import { converseRules } from './rules.ts';
import { converseShape, converseStreamShape } from './shape.ts';
import { firstRefusal } from '../vendor.ts';
import type { Vendor } from '../vendor.ts';

/** `converse` and `converse-stream` (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html). */
export const createConverse = (gate: BedrockGate): Vendor<ConverseRequest> => ({
  ...gate,
  models: converseModels,
  toolCallPrefix: 'tooluse_',
  answerPrefix: '',
  match: (path) => toAddress(path, { converse: false, 'converse-stream': true }),
  read(body, models, { address: { model = '', stream = false } }) {
    const refusal = refuseModel(model, models);
    if (refusal) return { refusal };
    const problem = (stream ? converseStreamShape : converseShape)(body, []);
    if (problem) return { refusal: bedrockProblem(problem) };
    // The shape has just been checked.
    const request = { model, isStream: stream, body: body as ConverseBody };
    const broken = firstRefusal(converseRules, request);
    return broken ? { refusal: broken } : { request };
  },
  modelOf: ({ model }) => model,
  isStream: ({ isStream }) => isStream,
  prompt: toPrompt,
  cachePrefixes,
  json: converseJson,
  events: converseEvents,
  errorEvent: exceptionEvent,
  frame: awsFrame,
  streamType: () => 'application/vnd.amazon.eventstream',
});
