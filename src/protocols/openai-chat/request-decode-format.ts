import { optional, optionalBoolean, optionalString, requiredString } from '../../framing/json-fields.ts';
import type { JsonNode } from '../../framing/json.ts';
import type { ResponseFormat } from '../../llm/request.ts';
import { objectText } from '../object-text.ts';
import type { Warnings } from '../warnings.ts';

/** The form that the answer must have; undefined where it is plain text. */
export function decodeResponseFormat(format: JsonNode, warnings: Warnings): ResponseFormat | undefined {
  const type = requiredString(format, 'type');
  switch (type) {
    case 'text':
      warnings.others(format, ['type']);
      return undefined;
    case 'json_object':
      warnings.others(format, ['type']);
      return { type: 'json-object' };
    case 'json_schema':
      warnings.others(format, ['type', 'json_schema']);
      return decodeSchema(format.get('json_schema') ?? format, warnings);
    default:
      warnings.add(format, `is not carried: a format of type ${type}`);
      return undefined;
  }
}

/** A format without a schema leaves the form of the JSON to the model. */
function decodeSchema(named: JsonNode, warnings: Warnings): ResponseFormat {
  const schema = optional(named, 'schema');
  if (schema === undefined) {
    warnings.others(named, ['type', 'name']);
    return { type: 'json-object' };
  }
  warnings.others(named, ['name', 'description', 'schema', 'strict']);
  const name = optionalString(named, 'name');
  const description = optionalString(named, 'description');
  const strict = optionalBoolean(named, 'strict');
  return {
    type: 'json-schema',
    schema: objectText(schema),
    ...(name !== undefined && { name }),
    ...(description !== undefined && { description }),
    ...(strict !== undefined && { strict }),
  };
}
