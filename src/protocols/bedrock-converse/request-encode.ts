import { writeJson, type Writable } from '../../framing/json-write.ts';
import type { ChatRequest, Warning } from '../../llm/request.ts';
import type { Carried, Target } from '../protocol.ts';
import { fitMarks, withCachePoints } from './request-encode-blocks.ts';
import { encodeMessages, withoutReasoning, type Turn } from './request-encode-messages.ts';
import { encodeInference, encodeOptions, unlessEmpty } from './request-encode-options.ts';
import { encodeFormat } from './request-encode-output.ts';
import { planReasoning, type Plan } from './request-encode-reasoning.ts';
import { encodeTools, type WrittenTools } from './request-encode-tools.ts';
import { rulesOf } from './request-models.ts';

/** A request as Converse takes it. The model and whether it streams are in the path. */
export function encodeRequest(request: ChatRequest, target: Target): Carried<string> {
  const warnings: Warning[] = [];
  const rules = rulesOf(target.model);
  const { prompt, additional, plan } = encodePrompt(request, target, warnings);
  const options = encodeInference(request, target.model, { rules, plan }, warnings);
  const textFormat = encodeFormat(request, target.quirks.jsonSchema ?? rules.schemas, warnings);
  const body = {
    ...prompt,
    inferenceConfig: unlessEmpty(options.inferenceConfig),
    additionalModelRequestFields: unlessEmpty({ ...additional, ...options.additional }),
    // Claude names the sequence that it stopped at only if it is asked to.
    additionalModelResponseFieldPaths:
      plan.claude !== undefined && options.inferenceConfig['stopSequences'] !== undefined ? ['/stop_sequence'] : undefined,
    outputConfig: unlessEmpty({ textFormat, effort: plan.effort }),
    ...encodeOptions(request, warnings),
  };
  return { value: writeJson(body), warnings };
}

/** What the model reads, and whose tokens can be counted. */
export interface WrittenPrompt {
  prompt: Record<string, Writable>;
  additional: Record<string, Writable>;
  plan: Plan;
}

/** The messages and tools of a request, and how much is thought. */
export function encodePrompt(request: ChatRequest, { model, quirks }: Target, warnings: Warning[]): WrittenPrompt {
  const rules = rulesOf(model);
  const encoded = encodeMessages(request.messages, rules, warnings);
  const plan = planReasoning(request, encoded.turns, rules, warnings);
  const turns = refusesReasoning(plan) ? withoutReasoning(encoded.turns, warnings) : encoded.turns;
  const written = encodeTools(
    request,
    {
      ...rules,
      schemas: quirks.strictTools ?? rules.schemas,
      mayForce: plan.claude === undefined || (plan.claude.rules.forcedTools && plan.claude.thinking.mode !== 'manual'),
      claudeChoice: plan.claude?.rules.schemas === true,
    },
    warnings,
  );
  fitMarks({ tools: written.tools, system: encoded.system, messages: turns.flatMap(blocksOf) }, rules, warnings);
  const prompt = {
    messages: turns.map((turn) => ({ role: turn.role, content: withCachePoints(blocksOf(turn)) })),
    system: encoded.system.length === 0 ? undefined : withCachePoints(encoded.system),
    toolConfig: toolConfig(written),
  };
  return { prompt, additional: { ...plan.fields, tool_choice: written.claudeChoice }, plan };
}

const blocksOf = ({ results, content }: Turn) => [...results, ...content];

const toolConfig = ({ tools, choice }: WrittenTools): Writable =>
  tools.length === 0 ? undefined : { tools: withCachePoints(tools), toolChoice: choice };

/** Claude with a budget refuses thinking of earlier turns where it shall not think in this one. */
const refusesReasoning = ({ claude }: Plan): boolean =>
  claude !== undefined && claude.thinking.mode === 'off' && claude.rules.thinking.manual && !claude.rules.thinking.adaptive;
