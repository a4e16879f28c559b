import { configJsonSchema, type FieldSchema } from './json-schema.ts';

/** The config's reference page (docs/config.md), made from the schema. */
export function configReference(): string {
  return `${intro}\n${sections(configJsonSchema(), '', 2).join('\n')}`;
}

/** The JSON Schema (docs/remora.schema.json) that editors complete the config with. */
export const configSchemaFile = (): string => `${JSON.stringify(configJsonSchema(), null, 2)}\n`;

const intro = `# Config

<!-- Generated from src/config/schema.ts; refresh with: npm run docs -->

A config is YAML or JSON. \`remora check\` reads one and names every mistake with its line. Begin it with

\`\`\`yaml
# yaml-language-server: $schema=docs/remora.schema.json
\`\`\`

and editors complete and check it as you type.

- **Variables**: \`\${NAME}\` in any text value is replaced by that environment variable. An unset or empty one is an error; there are no defaults.
- **Secrets** may also be \`file:PATH\`: the content of a file, without the white space around it.
- **Relative paths** start from the folder of the config.
- **Times** are numbers with a unit: \`500ms\`, \`5s\`, \`2m\`, \`1h\`.
`;

interface Row {
  /** Path below the section's heading. */
  name: string;
  field: FieldSchema;
  isRequired: boolean;
}

/** A section per group of fields, its own fields in a table, then the groups in it. */
function sections(group: FieldSchema, path: string, depth: number): string[] {
  const rows = rowsOf(group, path);
  const inner = rows.flatMap((row) => nested(row, depth));
  return [table(rows), ...inner];
}

function nested({ name, field }: Row, depth: number): string[] {
  const found = groupIn(field, name);
  if (found === undefined) return [];
  const heading = `${'#'.repeat(depth)} \`${found.path}\`\n\n${field.description ?? ''}\n`;
  return [heading, ...sections(found.group, found.path, Math.min(depth + 1, 6))];
}

/** The group of fields that a field is or holds: itself, the value of each name, the item of a list, or one of its forms. */
function groupIn(field: FieldSchema, path: string): { group: FieldSchema; path: string } | undefined {
  if (field.properties !== undefined) return { group: field, path };
  if (field.additionalProperties) return groupIn(field.additionalProperties, `${path}.NAME`);
  if (field.items !== undefined) return groupIn(field.items, `${path}[]`);
  return field.anyOf?.map((form) => groupIn(form, path)).find((found) => found !== undefined);
}

function rowsOf({ properties = {}, required = [] }: FieldSchema, path: string): Row[] {
  return Object.entries(properties).map(([key, field]) => ({
    name: path === '' ? key : `${path}.${key}`,
    field,
    isRequired: required.includes(key),
  }));
}

function table(rows: readonly Row[]): string {
  const lines = rows.map(({ name, field, isRequired }) => {
    const fallback = isRequired ? 'required' : field.default === undefined ? '' : code(field.default);
    return `| \`${name.split('.').at(-1)}\` | ${typeOf(field)} | ${fallback} | ${cell(field)} |`;
  });
  return `| field | type | default | meaning |\n|---|---|---|---|\n${lines.join('\n')}\n`;
}

function cell({ description = '', examples }: FieldSchema): string {
  const shown = examples?.map(code).join(', ');
  return `${description}${shown === undefined ? '' : ` Example: ${shown}`}`.replaceAll('|', '\\|');
}

const code = (value: unknown): string => `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;

function typeOf(field: FieldSchema): string {
  if (field.const !== undefined) return code(field.const);
  if (field.enum !== undefined) return field.enum.map(code).join(', ');
  if (field.anyOf !== undefined) return field.anyOf.map(typeOf).join(' or ');
  if (field.items !== undefined) return `list of ${typeOf(field.items)}`;
  if (field.additionalProperties) return 'names';
  return typeNames[field.type ?? ''] ?? 'any';
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'whole number',
  number: 'number',
  boolean: 'true or false',
  object: 'fields',
};
