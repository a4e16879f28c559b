import type { JsonNode } from '../../framing/json.ts';
import type { TextSpot } from '../protocol.ts';

/**
 * What the walk makes of a value.
 * `name`: a string, or an array of strings, that is structure and no text. `tree`: one spot with all it holds. `free`: every string and every key in it is text.
 * The others are shapes of the API, below; strings where a shape expects an object are text.
 */
type Rule = 'name' | 'tree' | ShapeName;
type ShapeName = 'free' | 'body' | 'message' | 'block' | 'source' | 'tool' | 'setting' | 'server' | 'schema' | 'schemas';

interface Shape {
  /** Fields that are not simply text. Whatever is not named here is walked as `others` says. */
  fields: Readonly<Record<string, Rule>>;
  /** Further fields that go by the object's `type`. */
  ofType?: (type: string) => Readonly<Record<string, Rule>>;
  others: 'free' | 'schema';
}

const nothing: Readonly<Record<string, Rule>> = {};
/** Bytes of an image or a document: a redactor would find card numbers in them and break them. */
const bytesOfBase64 = (type: string): Readonly<Record<string, Rule>> =>
  type === 'base64' ? { type: 'name', media_type: 'name', data: 'name' } : nothing;

/**
 * The fields of the API that hold structure. A field is left out only because changing it would break the request (ids, names that must match elsewhere,
 * signatures and encrypted content that the API verifies, keywords) and because it is not written by a person. URLs are text: they may carry an address or an account.
 */
const shapes: Readonly<Record<ShapeName, Shape>> = {
  free: { fields: nothing, ofType: bytesOfBase64, others: 'free' },
  body: {
    fields: {
      model: 'name',
      messages: 'message',
      system: 'block',
      tools: 'tool',
      tool_choice: 'setting',
      thinking: 'setting',
      output_config: 'setting',
      output_format: 'setting',
      cache_control: 'setting',
      mcp_servers: 'server',
      container: 'name',
      service_tier: 'name',
      inference_geo: 'name',
      speed: 'name',
    },
    others: 'free',
  },
  message: { fields: { role: 'name', content: 'block' }, others: 'free' },
  block: {
    fields: {
      type: 'name',
      id: 'name',
      tool_use_id: 'name',
      tool_id: 'name',
      file_id: 'name',
      signature: 'name',
      encrypted_content: 'name',
      encrypted_index: 'name',
      encrypted_stdout: 'name',
      input: 'tree',
      source: 'source',
      content: 'block',
      citations: 'block',
      caller: 'block',
      cache_control: 'setting',
    },
    ofType: (type) => {
      if (type.endsWith('tool_use')) return { name: 'name' };
      if (type === 'tool_reference') return { tool_name: 'name' };
      return type === 'redacted_thinking' ? { data: 'name' } : nothing;
    },
    others: 'free',
  },
  source: { fields: { type: 'name', media_type: 'name', file_id: 'name', content: 'block' }, ofType: bytesOfBase64, others: 'free' },
  tool: {
    fields: { type: 'name', name: 'name', input_schema: 'schema', input_examples: 'tree', allowed_callers: 'name', cache_control: 'setting' },
    others: 'free',
  },
  setting: {
    fields: { type: 'name', name: 'name', ttl: 'name', display: 'name', effort: 'name', format: 'setting', schema: 'schema' },
    others: 'free',
  },
  server: { fields: { type: 'name', authorization_token: 'name' }, others: 'free' },
  // JSON Schema. What the model's arguments must match stays; what explains it to the model is text.
  schema: {
    fields: {
      ...fieldsOf('name', ['type', 'format', 'pattern', 'enum', 'const', 'required', 'dependentRequired', 'contentEncoding', 'contentMediaType']),
      ...fieldsOf('name', ['$schema', '$id', '$ref', '$anchor', '$dynamicRef', '$dynamicAnchor']),
      ...fieldsOf('schemas', ['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas']),
      ...fieldsOf('schema', [
        'items',
        'prefixItems',
        'additionalItems',
        'unevaluatedItems',
        'contains',
        'allOf',
        'anyOf',
        'oneOf',
        'not',
        'if',
        'then',
        'else',
      ]),
      ...fieldsOf('schema', ['additionalProperties', 'unevaluatedProperties', 'propertyNames']),
      ...fieldsOf('tree', ['default', 'example', 'examples']),
    },
    others: 'free',
  },
  schemas: { fields: nothing, others: 'schema' },
};

function fieldsOf(rule: Rule, names: readonly string[]): Record<string, Rule> {
  return Object.fromEntries(names.map((name) => [name, rule]));
}

/** Everything in a request that a person may have written, in its order: all strings but the structure named above, in fields and blocks we do not know too. */
export function requestTexts(body: JsonNode): TextSpot[] {
  const spots: TextSpot[] = [];
  collect(body, 'body', spots);
  return spots;
}

function collect(node: JsonNode, rule: Rule, spots: TextSpot[]): void {
  if (rule === 'tree') {
    if (!isEmptyOfText(node)) spots.push({ node, kind: 'tree' });
    return;
  }
  if (node.type === 'string' && rule !== 'name') spots.push({ node, kind: 'text' });
  if (node.type === 'array') for (const item of node.items()) collect(item, rule, spots);
  if (node.type === 'object') collectFields(node, rule === 'name' ? 'free' : rule, spots);
}

const isEmptyOfText = ({ type }: JsonNode): boolean => type === 'null' || type === 'true' || type === 'false';

function collectFields(object: JsonNode, name: ShapeName, spots: TextSpot[]): void {
  const { fields, ofType, others } = shapes[name];
  const type = ofType && typeOf(object);
  const more = type === undefined || ofType === undefined ? nothing : ofType(type);
  for (const { key, value } of object.fields()) {
    const field = key.string();
    if (name === 'free') spots.push({ node: key, kind: 'text' });
    collect(value, own(more, field) ?? own(fields, field) ?? others, spots);
  }
}

const own = (rules: Readonly<Record<string, Rule>>, field: string): Rule | undefined => (Object.hasOwn(rules, field) ? rules[field] : undefined);

/** The object's type, unless it names two: then it is not for us to choose one, and nothing is left out. */
function typeOf(object: JsonNode): string | undefined {
  const types: string[] = [];
  for (const { key, value } of object.fields()) if (key.string() === 'type' && value.type === 'string') types.push(value.string());
  return types.length === 1 ? types[0] : undefined;
}
