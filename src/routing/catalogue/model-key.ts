/** Where a provider has models of several makers, and serves them in several regions, its ids have all that before the model's name. */
const prefixes = [
  /^arn:[^/]*\//, // a foundation model or an inference profile of Bedrock
  /^(?:publishers\/[^/]+\/)?models\//, // Google
  /^accounts\/[^/]+\/models\//, // Fireworks
  /^(?:us|eu|apac|au|ca|in|jp|us-gov|global|regional)\.(?=[a-z0-9-]+\.)/, // Bedrock's inference profiles
];

/** A version of Bedrock's, a date, an alias of Vertex AI, or a variant of OpenRouter's. */
const suffix = /(?:-v\d+:\d+(?::\w+)?|@[\w-]+|-\d{8}|-20\d\d-\d\d-\d\d|:[a-z]+)$/;

/** Names under which the catalogue may have a model, the exact one first: `eu.anthropic.claude-sonnet-4-5-20250929-v1:0` is also `anthropic.claude-sonnet-4-5`. */
export function modelKeys(model: string): string[] {
  const exact = prefixes.reduce((id, prefix) => id.replace(prefix, ''), model.toLowerCase());
  const keys = [exact];
  for (let key = exact, shorter = key.replace(suffix, ''); shorter !== key; key = shorter, shorter = key.replace(suffix, '')) keys.push(shorter);
  return keys;
}
