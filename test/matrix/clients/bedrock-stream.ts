import type { ContentBlock, ConverseStreamOutput, TokenUsage } from '@aws-sdk/client-bedrock-runtime';

/** What an answer of Converse is made of, streamed or not. */
export interface Collected {
  content: ContentBlock[];
  stopReason: string;
  usage: TokenUsage | undefined;
  deltas: number;
}

/** The message that a stream's events make up: the SDK leaves that to its users. */
export async function collect(
  events: AsyncIterable<ConverseStreamOutput> | readonly ConverseStreamOutput[],
  onDelta?: () => void,
): Promise<Collected> {
  const blocks = new Map<
    number,
    { text: string; thought: string; signature: string; redacted: Uint8Array[]; tool?: { toolUseId: string; name: string }; input: string }
  >();
  const blockAt = (index = 0) => {
    const block = blocks.get(index) ?? { text: '', thought: '', signature: '', redacted: [], input: '' };
    blocks.set(index, block);
    return block;
  };
  const collected: Collected = { content: [], stopReason: '', usage: undefined, deltas: 0 };
  for await (const { contentBlockStart, contentBlockDelta, messageStop, metadata } of events) {
    const tool = contentBlockStart?.start?.toolUse;
    if (tool) blockAt(contentBlockStart.contentBlockIndex).tool = { toolUseId: tool.toolUseId ?? '', name: tool.name ?? '' };
    if (contentBlockDelta?.delta) {
      const { text = '', toolUse, reasoningContent } = contentBlockDelta.delta;
      const block = blockAt(contentBlockDelta.contentBlockIndex);
      block.text += text;
      block.input += toolUse?.input ?? '';
      block.thought += reasoningContent?.text ?? '';
      block.signature += reasoningContent?.signature ?? '';
      if (reasoningContent?.redactedContent) block.redacted.push(reasoningContent.redactedContent);
      if (text !== '') {
        collected.deltas += 1;
        onDelta?.();
      }
    }
    collected.stopReason = messageStop?.stopReason ?? collected.stopReason;
    collected.usage = metadata?.usage ?? collected.usage;
  }
  collected.content = [...blocks.values()].map(({ text, thought, signature, redacted, tool, input }): ContentBlock => {
    if (tool) return { toolUse: { ...tool, input: JSON.parse(input || '{}') } };
    if (redacted.length > 0) return { reasoningContent: { redactedContent: Buffer.concat(redacted) } };
    if (thought !== '' || signature !== '') return { reasoningContent: { reasoningText: { text: thought, ...(signature !== '' && { signature }) } } };
    return { text };
  });
  if (collected.stopReason === '') throw new Error('there is no stop reason');
  return collected;
}
