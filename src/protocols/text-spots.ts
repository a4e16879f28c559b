import type { JsonNode } from '../framing/json.ts';
import type { TextSpot } from './protocol.ts';

/**
 * What a protocol knows of a place in a request. A field that no shape names is text with everything in it, its name and its numbers included:
 * a vendor's new field, or a client's own. So shapes only lead to what is *not* text, and whoever forgets a field hides nothing.
 */
export interface Shape {
  /**
   * What a string or number here is; undefined for text.
   * `kept`: an id, a setting, or a name in the client's program: changed, the request would break. `base64`: a file, if it is base64; else text. `json`: JSON text.
   * `tokens`: text; where it is numbers, text that nobody here can read.
   */
  value?: 'kept' | 'base64' | 'json' | 'tokens';
  /** The shape of a field, where an object stands here; undefined for a field nobody knows. */
  field?: (key: string) => Shape | undefined;
  /** Further fields, of objects whose `type` is this. */
  fieldOfType?: (type: string, key: string) => Shape | undefined;
  /** The shape of each item, where an array stands here. */
  item?: Shape;
}

export const text: Shape = {};
export const texts: Shape = { item: text };
export const kept: Shape = { value: 'kept' };
export const keptList: Shape = { value: 'kept', item: kept };
export const base64: Shape = { value: 'base64' };
/** A text, the tokens of one, or a list of either. */
export const textOrTokens: Shape = { value: 'tokens', item: { value: 'tokens', item: { value: 'tokens' } } };

/** An object of these fields. */
export function fields(shapes: Record<string, Shape>): Required<Pick<Shape, 'field'>> {
  const byKey = new Map(Object.entries(shapes));
  return { field: (key) => byKey.get(key) };
}

/** Fields, by their names with spaces between, that have one shape. */
export const alike = (keys: string, shape: Shape): Record<string, Shape> => Object.fromEntries(keys.split(' ').map((key) => [key, shape]));

/**
 * JSON Schema. Property names and keywords belong to the client's program. What explains, and the values to choose from, is text:
 * a placeholder in an `enum` still works, for the model answers with it and the answer is restored.
 */
export const schema: Shape = { field: (keyword) => keywords.get(keyword) };
const namedSchemas: Shape = { field: () => schema };
const schemaOrList: Shape = { ...schema, item: schema };
const keywords = new Map<string, Shape>(
  Object.entries({
    ...alike('type required format pattern contentEncoding contentMediaType', keptList),
    ...alike('$ref $id $schema $anchor $dynamicRef $dynamicAnchor', kept),
    ...alike('properties patternProperties $defs definitions dependentSchemas', namedSchemas),
    dependentRequired: { field: () => keptList },
    ...alike('items prefixItems additionalItems unevaluatedItems contains anyOf oneOf allOf not if then else', schemaOrList),
    ...alike('additionalProperties unevaluatedProperties propertyNames', schemaOrList),
    ...alike('minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength minItems maxItems', kept),
    ...alike('uniqueItems minContains maxContains minProperties maxProperties nullable deprecated readOnly writeOnly', kept),
    ...alike('title description $comment default const example examples', text),
    enum: texts,
  }),
);

/** Every place in a request that a person may have written, in its order; a field that stands twice is there twice. */
export function textSpots(request: JsonNode, body: Shape): TextSpot[] {
  const spots: TextSpot[] = [];
  walk(request, body, spots);
  return spots;
}

function walk(node: JsonNode, shape: Shape, spots: TextSpot[]): void {
  switch (node.type) {
    case 'object':
      if (shape.field === undefined) spots.push({ node, kind: 'tree' });
      else walkFields(node, shape.field, shape.fieldOfType, spots);
      break;
    case 'array':
      if (shape.item === undefined) spots.push({ node, kind: 'tree' });
      else for (const item of node.items()) walk(item, shape.item, spots);
      break;
    case 'string':
      if (shape.value === 'json') spots.push({ node, kind: 'json' });
      else if (shape.value === undefined || shape.value === 'tokens' || (shape.value === 'base64' && !isBase64(node.string())))
        spots.push({ node, kind: 'text' });
      break;
    case 'number':
      if (shape.value === 'tokens') spots.push({ node, kind: 'unreadable' });
      else if (shape.value !== 'kept') spots.push({ node, kind: 'tree' });
      break;
    case 'true':
    case 'false':
    case 'null':
      break;
  }
}

function walkFields(node: JsonNode, field: Required<Shape>['field'], fieldOfType: Shape['fieldOfType'], spots: TextSpot[]): void {
  const type = fieldOfType && typeOf(node);
  for (const { key, value } of node.fields()) {
    const name = key.string();
    const shape = (type === undefined ? undefined : fieldOfType?.(type, name)) ?? field(name);
    if (shape === undefined) spots.push({ node: key, kind: 'text' });
    walk(value, shape ?? text, spots);
  }
}

/** The object's type, unless it names two: then it is not for us to choose one, and nothing is left out. */
function typeOf(object: JsonNode): string | undefined {
  const types: string[] = [];
  for (const { key, value } of object.fields()) if (value.type === 'string' && key.string() === 'type') types.push(value.string());
  return types.length === 1 ? types[0] : undefined;
}

const dataUrl = /^data:[\w.+-]+\/[\w.+-]+(?:;charset=[\w-]+)?;base64,/i;

/** Whether a string is a base64 `data:` URL, or base64 alone. Anything else in such a place is text that somebody put there. */
const isBase64 = (value: string): boolean => !/[^A-Za-z0-9+/=\r\n]/.test(value.slice(dataUrl.exec(value)?.[0].length ?? 0));
