import type { JsonNode } from '../../framing/json.ts';
import type { Writable } from '../../framing/json-write.ts';
import { addField, removeFields, renameField, replaceValue, type Edit } from '../../framing/splice.ts';
import type { Warning } from '../../llm/request.ts';
import type { Carried, Quirks, Target } from '../protocol.ts';
import { modelEdits } from '../asked-model.ts';

/**
 * Fields that clouds have in their path instead of the body. Google wants `stream` in the body all the same.
 * Source: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html, https://platform.claude.com/docs/en/build-with-claude/claude-on-vertex-ai
 */
export function fieldsInPath({ bodyVersion }: Quirks): readonly string[] {
  if (bodyVersion === undefined) return [];
  return bodyVersion.startsWith('vertex-') ? ['model'] : ['model', 'stream'];
}

/** The body as this server has it: fields under its names, without those that it refuses or has `inPath`, and at clouds with the version. */
export function bodyFields(
  body: Record<string, Writable>,
  { bodyVersion, refusedFields = [], renamedFields = {} }: Quirks,
  inPath: readonly string[],
  warnings: Warning[],
): Record<string, Writable> {
  const fields = Object.entries(body).flatMap(([field, value]): [string, Writable][] => {
    if (value === undefined || inPath.includes(field)) return [];
    if (!refusedFields.includes(field)) return [[renamedFields[field] ?? field, value]];
    warnings.push({ field, detail: refusal });
    return [];
  });
  return { anthropic_version: bodyVersion, ...Object.fromEntries(fields) };
}

const refusal = 'is not taken by this provider';

/** The same for a client's own bytes. */
export function bodyEdits(body: JsonNode, { model, quirks, headers }: Target, inPath: readonly string[]): Carried<Edit[]> {
  const { bodyVersion, refusedFields = [], renamedFields = {} } = quirks;
  const warnings: Warning[] = [];
  const removed = new Set(inPath);
  const edits: Edit[] = inPath.includes('model') ? [] : modelEdits(body, model);
  if (bodyVersion !== undefined) edits.push(...versionEdits(body, bodyVersion));
  if (bodyVersion?.startsWith('bedrock-') === true) edits.push(...betaEdits(body, headers?.get('anthropic-beta')));
  if (refusedFields.length > 0 || Object.keys(renamedFields).length > 0) {
    for (const { key, value } of body.fields()) {
      const field = String(value.name);
      const name = renamedFields[field];
      if (refusedFields.includes(field)) {
        removed.add(field);
        if (value.type !== 'null') warnings.push({ field, detail: refusal });
      } else if (name !== undefined) edits.push(renameField(key, name));
    }
  }
  return { value: [...edits, ...removeFields(body, removed)], warnings };
}

/** Bedrock has in the body what clients ask for in the header `anthropic-beta`. */
function betaEdits(body: JsonNode, header: string | undefined): Edit[] {
  if (header === undefined || body.get('anthropic_beta') !== undefined) return [];
  return [addField(body, 'anthropic_beta', JSON.stringify(header.split(',').map((beta) => beta.trim())))];
}

/** A client that speaks to a cloud names the version itself; it is the provider's that counts. */
function versionEdits(body: JsonNode, version: string): Edit[] {
  const named = body.get('anthropic_version');
  const json = JSON.stringify(version);
  if (named === undefined) return [addField(body, 'anthropic_version', json)];
  return named.text === json ? [] : [replaceValue(named, json)];
}
