import type { TaskFeatures } from './score.ts';

/** A request whose task is `text`, and which has nothing else but what is given. */
export const taskOf = (text: string, fields: Partial<TaskFeatures> = {}): TaskFeatures & { metadata: Record<string, string> } => ({
  inputTokens: Math.ceil(text.length / 4),
  messages: 1,
  hasImages: false,
  hasDocuments: false,
  hasTools: false,
  hasJsonSchema: false,
  hasReasoning: false,
  task: text,
  metadata: {},
  ...fields,
});
