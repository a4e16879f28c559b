import type { JsonNode } from '../../framing/json.ts';
import type { TextSpot } from '../protocol.ts';
import { alike, base64, fields, kept, keptList, schema, text, texts, textSpots, type Shape } from '../text-spots.ts';

const s3Location: Shape = fields({ uri: text, bucketOwner: kept });
/** Bytes of a file, or where it is. */
const source: Shape = fields({ bytes: base64, s3Location });
const media: Shape = fields({ format: kept, source });
const textItems: Shape = { item: fields({ text }) };
const citations: Shape = fields({ enabled: kept });
const cachePoint: Shape = fields(alike('type ttl', kept));

const document: Shape = fields({
  format: kept,
  ...alike('name context', text),
  source: fields({ bytes: base64, s3Location, text, content: textItems }),
  citations,
});
const searchResult: Shape = fields({ ...alike('source title', text), content: textItems, citations });
const guardContent: Shape = fields({ text: fields({ text, qualifiers: keptList }), image: media });
/** What a result of a tool and a message alike may hold. */
const content = { text, image: media, document, video: media, searchResult };

const toolResult: Shape = fields({
  ...alike('toolUseId status type', kept),
  content: { item: fields({ ...content, json: text }) },
});

/** Where a citation points: names of places, and numbers that count from 0. */
const range: Shape = fields({ ...alike('documentIndex searchResultIndex start end', kept), ...alike('url domain', text) });
const citation: Shape = fields({
  ...alike('title source', text),
  sourceContent: textItems,
  location: fields(alike('web documentChar documentPage documentChunk searchResultLocation', range)),
});

const toolReference: Shape = fields({ tool: fields(alike('type name serverName', kept)) });

const block: Shape = fields({
  ...content,
  audio: media,
  toolUse: fields({ ...alike('toolUseId name type', kept), input: text }),
  toolResult,
  guardContent,
  cachePoint,
  reasoningContent: fields({ reasoningText: fields({ text, signature: kept }), redactedContent: kept }),
  citationsContent: fields({ content: textItems, citations: { item: citation } }),
  ...alike('toolAddition toolRemoval', toolReference),
});

const toolSpec: Shape = fields({ ...alike('name strict', kept), description: text, inputSchema: fields({ json: schema }) });
const toolConfig: Shape = fields({
  tools: { item: fields({ toolSpec, systemTool: fields({ name: kept }), cachePoint }) },
  toolChoice: fields({ auto: fields({}), any: fields({}), tool: fields({ name: kept }) }),
});

/** Settings of models, as far as we know them; any other may hold what a person wrote. */
const additional: Shape = fields({
  ...alike('top_k k reasoning_effort', kept),
  ...alike('thinking reasoning_config reasoningConfig', fields(alike('type budget_tokens display maxReasoningEffort', kept))),
  inferenceConfig: fields({ topK: kept }),
  output_config: fields({ effort: kept }),
  tool_choice: fields(alike('type name disable_parallel_tool_use', kept)),
  anthropic_beta: keptList,
});

const jsonSchema: Shape = fields({ schema: { value: 'json' }, name: kept, description: text });

/** The shape of what a model reads: of a request, and of one whose tokens are counted. */
const prompt = {
  messages: { item: fields({ role: kept, content: { item: block } }) },
  system: { item: fields({ text, guardContent, cachePoint }) },
  toolConfig,
  additionalModelRequestFields: additional,
};

const body: Shape = fields({
  ...prompt,
  inferenceConfig: fields({ ...alike('maxTokens temperature topP', kept), stopSequences: texts }),
  guardrailConfig: fields(alike('guardrailIdentifier guardrailVersion trace streamProcessingMode', kept)),
  promptVariables: { field: () => fields({ text }) },
  additionalModelResponseFieldPaths: keptList,
  requestMetadata: text,
  performanceConfig: fields({ latency: kept }),
  serviceTier: fields({ type: kept }),
  outputConfig: fields({ textFormat: fields({ type: kept, structure: fields({ jsonSchema }) }), effort: kept }),
});

const countBody: Shape = fields({ input: fields({ converse: fields(prompt) }) });

/** Every place in a request that a person may have written, in its order. */
export const requestTexts = (request: JsonNode): TextSpot[] => textSpots(request, body);

/** The same for a request that counts tokens. */
export const countRequestTexts = (request: JsonNode): TextSpot[] => textSpots(request, countBody);
