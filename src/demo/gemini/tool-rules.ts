import { geminiFault, geminiFaultAt } from './error.ts';
import { combinesTools } from './models.ts';
import { functionsOf } from './request.ts';
import type { GeminiFunction, GeminiRequest, GeminiSchema } from './request.ts';
import { toSnakeCase } from './proto-json.ts';
import type { Dialect } from './proto-json.ts';
import { isObject } from '../shape.ts';
import type { Refusal, Rule } from '../vendor.ts';

/** What tools must be like (https://ai.google.dev/api/caching#FunctionDeclaration). */
export const toolRules: readonly Rule<GeminiRequest>[] = [
  { name: 'functions have a name that is valid, and one for each', check: checkNames },
  { name: 'parameters come as one kind of schema', check: checkOneSchema },
  { name: 'schemas of functions hold together', check: checkSchemas },
  { name: 'functions and the vendor’s own tools not together, for models that cannot', check: checkMixedTools },
  { name: 'a function calling config needs functions, and names those that there are', check: checkConfig },
  { name: 'names of functions to call only with a mode that obeys them', check: checkAllowedNames },
];

function checkNames({ body }: GeminiRequest): Refusal | undefined {
  const names = functionsOf(body).map(({ name = '' }) => name);
  const invalid = names.findIndex((name) => !/^[a-zA-Z_][\w.:-]{0,127}$/.test(name));
  if (invalid >= 0) {
    return geminiFaultAt(
      `tools[0].function_declarations[${invalid}].name`,
      'Invalid function name. Must start with a letter or an underscore. Must be alphanumeric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:), or dashes (-), with a maximum length of 128.',
    );
  }
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  return twice === undefined ? undefined : geminiFault(`Duplicate function declaration found: ${twice}`);
}

/** Every function, with its place in the request. */
const placedFunctions = ({ body }: GeminiRequest): { place: string; declared: GeminiFunction }[] =>
  (body.tools ?? []).flatMap(({ functionDeclarations = [] }, tool) =>
    functionDeclarations.map((declared, at) => ({ place: `tools[${tool}].function_declarations[${at}]`, declared })),
  );

function checkOneSchema(request: GeminiRequest): Refusal | undefined {
  for (const { place, declared } of placedFunctions(request)) {
    const { parameters, parametersJsonSchema, response, responseJsonSchema } = declared;
    if (parameters && parametersJsonSchema !== undefined) return both(place, 'parameters');
    if (response && responseJsonSchema !== undefined) return both(place, 'response');
    if (parametersJsonSchema !== undefined && !(isObject(parametersJsonSchema) && parametersJsonSchema['type'] === 'object')) {
      return geminiFaultAt(`${place}.parameters_json_schema`, 'the schema must describe an object');
    }
  }
  return undefined;
}

const both = (place: string, name: string): Refusal => geminiFaultAt(`${place}.${name}`, `only one of ${name} and ${name}_json_schema can be set`);

function checkSchemas(request: GeminiRequest): Refusal | undefined {
  for (const { place, declared } of placedFunctions(request)) {
    const { parameters, response } = declared;
    if (parameters && (parameters.type !== 'OBJECT' || Object.keys(parameters.properties ?? {}).length === 0)) {
      return geminiFaultAt(`${place}.parameters.properties`, 'should be non-empty for OBJECT type; leave parameters out where there are none');
    }
    const fault =
      (parameters && schemaFault(parameters, `${place}.parameters`, request.dialect)) ??
      (response && schemaFault(response, `${place}.response`, request.dialect));
    if (fault) return fault;
  }
  return undefined;
}

const formats: Readonly<Record<string, readonly string[]>> = {
  STRING: ['enum', 'date-time'],
  NUMBER: ['float', 'double'],
  INTEGER: ['int32', 'int64'],
};

/** The first thing in a schema that the API refuses although each field is one that it knows (https://ai.google.dev/api/caching#Schema). */
export function schemaFault(schema: GeminiSchema, place: string, dialect: Dialect): Refusal | undefined {
  const { type, format, anyOf, items, properties = {}, required = [] } = schema;
  const fault = (field: string, message: string): Refusal => geminiFaultAt(`${place}.${field}`, message);
  if (!anyOf && (type === undefined || type === 'TYPE_UNSPECIFIED')) return fault('type', "schema didn't specify the schema type field");
  if (anyOf && dialect === 'Vertex' && Object.keys(schema).length > 1) return fault('any_of', 'when it is used, it must be the only field set');
  if (schema.enum && type !== 'STRING') return fault('enum', 'only allowed for STRING type');
  if (schema.enum?.includes('')) return fault(`enum[${schema.enum.indexOf('')}]`, 'cannot be empty');
  const known = formats[type ?? ''];
  if (format !== undefined && known && !known.includes(format)) return fault('format', `only ${known.join(' and ')} are supported for ${type} type`);
  if (type === 'ARRAY' && !items) return fault('items', 'missing field.');
  const undefinedAt = required.findIndex((name) => !Object.hasOwn(properties, name));
  if (undefinedAt >= 0) return fault(`required[${undefinedAt}]`, 'property is not defined');
  const inner: [string, GeminiSchema][] = [
    ...Object.entries(properties).map(([name, property]): [string, GeminiSchema] => [`properties[${name}]`, property]),
    ...(items ? [['items', items] satisfies [string, GeminiSchema]] : []),
    ...(anyOf ?? []).map((variant, at): [string, GeminiSchema] => [`any_of[${at}]`, variant]),
  ];
  for (const [step, part] of inner) {
    const refusal = schemaFault(part, `${place}.${step}`, dialect);
    if (refusal) return refusal;
  }
  return undefined;
}

function checkMixedTools({ model, body }: GeminiRequest): Refusal | undefined {
  const kinds = new Set((body.tools ?? []).flatMap((tool) => Object.keys(tool)));
  if (!kinds.has('functionDeclarations') || kinds.size === 1 || combinesTools(model)) return undefined;
  const other = [...kinds].find((kind) => kind !== 'functionDeclarations') ?? '';
  return geminiFault(`Tool use with function calling is unsupported: ${toSnakeCase(other)}.`);
}

function checkConfig({ body }: GeminiRequest): Refusal | undefined {
  const config = body.toolConfig?.functionCallingConfig;
  if (!config) return undefined;
  const names = functionsOf(body).map(({ name }) => name);
  if (names.length === 0) return geminiFault('Function calling config is set without function_declarations.');
  const stranger = config.allowedFunctionNames?.find((name) => !names.includes(name));
  return stranger === undefined ? undefined : geminiFault(`allowed_function_names holds ${stranger}, which is no declared function.`);
}

function checkAllowedNames({ body }: GeminiRequest): Refusal | undefined {
  const { mode = 'AUTO', allowedFunctionNames = [] } = body.toolConfig?.functionCallingConfig ?? {};
  if (allowedFunctionNames.length === 0 || mode === 'ANY' || mode === 'VALIDATED') return undefined;
  return geminiFault('allowed_function_names should be set only when the function calling mode is ANY or VALIDATED.');
}
