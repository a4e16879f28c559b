import type { JsonNode } from '../../framing/json.ts';
import type { TextSpot } from '../protocol.ts';
import { alike, base64, fields, kept, keptList, schema as jsonSchema, text, texts, textSpots, type Shape } from '../text-spots.ts';
import { snakeCase } from './wire-fields.ts';

/** An object of these fields, each under its lowerCamelCase or its snake_case name. */
const message = (shapes: Record<string, Shape>): Shape =>
  fields(
    Object.fromEntries(
      Object.entries(shapes).flatMap(
        ([name, shape]) =>
          [
            [name, shape],
            [snakeCase(name), shape],
          ] as const,
      ),
    ),
  );

/** A repeated field, whose value may stand alone. */
const listOf = (shape: Shape): Shape => ({ ...shape, item: shape });

/** Google's subset of OpenAPI schemas (https://ai.google.dev/api/caching#Schema). Property names and keywords belong to the client's program. */
const schema: Shape = { field: (keyword) => schemaFields.field?.(keyword) };
const schemaFields = message({
  ...alike('type format pattern nullable maximum minimum', kept),
  ...alike('maxItems maxLength maxProperties minItems minLength minProperties', kept),
  ...alike('required propertyOrdering', keptList),
  ...alike('title description default example', text),
  enum: texts,
  items: schema,
  anyOf: listOf(schema),
  properties: { field: () => schema },
});

/** JSON Schema, with the order of properties that Google added. */
const orderedSchema: Shape = { field: (keyword) => (keyword === 'propertyOrdering' ? keptList : jsonSchema.field?.(keyword)) };

/** URLs are text: they may carry an address or an account. */
const fileData = message({ mimeType: kept, fileUri: text, displayName: text });
const inlineData = message({ mimeType: kept, data: base64, displayName: text });

const part = message({
  ...alike('text partMetadata audioTranscription speechMetadata', text),
  ...alike('thought thoughtSignature', kept),
  inlineData,
  fileData,
  functionCall: message({ id: kept, name: kept, args: text }),
  functionResponse: message({
    ...alike('id name scheduling willContinue', kept),
    response: text,
    parts: listOf(message({ inlineData, fileData })),
  }),
  executableCode: message({ id: kept, language: kept, code: text }),
  codeExecutionResult: message({ id: kept, outcome: kept, output: text }),
  toolCall: message({ id: kept, toolType: kept, args: text }),
  toolResponse: message({ id: kept, toolType: kept, response: text }),
  videoMetadata: message(alike('startOffset endOffset fps', kept)),
  mediaResolution: message(alike('level numTokens', kept)),
});

const content = message({ role: kept, parts: listOf(part) });

const functionDeclaration = message({
  ...alike('name behavior', kept),
  description: text,
  ...alike('parameters response', schema),
  ...alike('parametersJsonSchema responseJsonSchema', orderedSchema),
});

const tool = message({ functionDeclarations: listOf(functionDeclaration) });

const generationConfig = message({
  ...alike('temperature topP topK candidateCount maxOutputTokens seed presencePenalty frequencyPenalty responseLogprobs logprobs', kept),
  ...alike('responseMimeType mediaResolution audioTimestamp enableAffectiveDialog enableEnhancedCivicAnswers', kept),
  responseModalities: keptList,
  stopSequences: texts,
  responseSchema: schema,
  responseJsonSchema: orderedSchema,
  thinkingConfig: message(alike('includeThoughts thinkingBudget thinkingLevel', kept)),
});

const functionCallingConfig = message({ mode: kept, allowedFunctionNames: keptList, streamFunctionCallArguments: kept });

/** The shape of a request of `generateContent`. */
const generateRequest: Shape = message({
  ...alike('model cachedContent serviceTier store continuationToken', kept),
  contents: listOf(content),
  systemInstruction: content,
  tools: listOf(tool),
  toolConfig: message({ functionCallingConfig, includeServerSideToolInvocations: kept }),
  generationConfig,
  safetySettings: listOf(message(alike('category threshold method', kept))),
  labels: text,
});

/** The shape of a request of `countTokens`: of one of `generateContent`, or one inside. */
const countRequest: Shape = {
  field: (key) => (key === 'generateContentRequest' || key === 'generate_content_request' ? generateRequest : generateRequest.field?.(key)),
};

const embedRequest = message({ ...alike('model taskType outputDimensionality', kept), title: text, content });
const embedRequests: Shape = {
  field: (key) => (key === 'requests' ? listOf(embedRequest) : embedRequest.field?.(key)),
};

/** Every place in a request that a person may have written, in its order. */
export const requestTexts = (request: JsonNode): TextSpot[] => textSpots(request, generateRequest);

/** The same for a request that counts tokens. */
export const countRequestTexts = (request: JsonNode): TextSpot[] => textSpots(request, countRequest);

/** The same for a request for one embedding or several. */
export const embedRequestTexts = (request: JsonNode): TextSpot[] => textSpots(request, embedRequests);
