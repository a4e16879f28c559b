import { z } from 'zod';
import type { Path } from './problem.ts';
import { configSchema } from './schema.ts';

/** What we read of a JSON Schema. */
export interface FieldSchema {
  type?: string;
  description?: string;
  default?: unknown;
  examples?: unknown[];
  const?: unknown;
  enum?: unknown[];
  minimum?: number;
  maximum?: number;
  properties?: Record<string, FieldSchema>;
  required?: string[];
  additionalProperties?: FieldSchema | false;
  items?: FieldSchema;
  anyOf?: FieldSchema[];
}

/** The config as JSON Schema (draft 2020-12), for editors. */
export function configJsonSchema(): FieldSchema {
  const { $schema, ...schema } = z.toJSONSchema(configSchema, { io: 'input', override: complete });
  return { $schema, title: 'Remora config', ...schema } as FieldSchema;
}

/** The schema of the field at a path; undefined where there is none. */
export function fieldSchema(root: FieldSchema, path: Path): FieldSchema | undefined {
  let field: FieldSchema | undefined = root;
  for (const step of path) {
    const choices: FieldSchema[] = field.anyOf ?? [field];
    field = choices.map((choice) => below(choice, step)).find((child) => child !== undefined);
    if (field === undefined) return undefined;
  }
  return field;
}

function below({ properties = {}, additionalProperties, items }: FieldSchema, step: string | number): FieldSchema | undefined {
  if (typeof step === 'number') return items;
  if (Object.hasOwn(properties, step)) return properties[step];
  return additionalProperties === false ? undefined : additionalProperties;
}

/** Names of the fields that a field holds. */
export const fieldNames = ({ properties, anyOf = [] }: FieldSchema): string[] =>
  Object.keys(properties ?? anyOf.find((choice) => choice.properties)?.properties ?? {});

function complete({ zodSchema, jsonSchema }: { zodSchema: z.core.$ZodType; jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  // Zod takes examples for parsed values and leaves them out of the schema of what is written; ours are as written.
  const examples = z.globalRegistry.get(zodSchema)?.['examples'];
  if (Array.isArray(examples)) jsonSchema.examples = examples;
  // A group whose fields all have defaults has the default {}, which tells nobody anything.
  if (JSON.stringify(jsonSchema.default) === '{}') delete jsonSchema.default;
}
