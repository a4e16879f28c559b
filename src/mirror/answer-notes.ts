import { isTextPart, type FinishReason, type Part } from '../llm/part.ts';
import type { Usage } from '../llm/usage.ts';
import { createToolAsText } from '../protocols/answer-tool.ts';

/** Most characters of an answer's text that are kept. */
const maxText = 2000;
/** Most tool calls whose names are kept, and most characters of a name. */
const maxToolCalls = 20;
const maxToolName = 100;

/** What is kept of an answer: its first alternative, should it have several. */
export interface AnswerNotes {
  text: string;
  textLength: number;
  toolCalls: string[];
  finish: FinishReason | undefined;
  usage: Usage | undefined;
  /** UTF-8 bytes of content, of all alternatives. */
  deliveredBytes: number;
  /** Milliseconds since 1970. */
  firstTokenAt: number | undefined;
}

/** Keeps notes of the parts that it is shown. `answersByTool`: the answer's text comes as the arguments of a tool. */
export function takeNotes({ answersByTool, now }: { answersByTool: boolean; now: () => number }): {
  notes: AnswerNotes;
  observe: (part: Part) => void;
} {
  const notes: AnswerNotes = {
    text: '',
    textLength: 0,
    toolCalls: [],
    finish: undefined,
    usage: undefined,
    deliveredBytes: 0,
    firstTokenAt: undefined,
  };
  const readable = answersByTool ? createToolAsText() : (part: Part): readonly Part[] => [part];

  function note(part: Part): void {
    if ('choice' in part && part.choice !== 0) return;
    if (part.type === 'text' || part.type === 'refusal') {
      if (notes.textLength < maxText) notes.text = beginning(notes.text + part.text);
      notes.textLength += part.text.length;
    } else if (part.type === 'tool-call') {
      if (notes.toolCalls.length < maxToolCalls) notes.toolCalls.push(part.name.slice(0, maxToolName));
    } else if (part.type === 'finish') notes.finish = part.reason;
  }

  function observe(part: Part): void {
    if (part.type === 'usage') notes.usage = part.usage;
    if (isTextPart(part)) {
      notes.deliveredBytes += Buffer.byteLength(part.text);
      notes.firstTokenAt ??= now();
    }
    readable(part).forEach(note);
  }

  return { notes, observe };
}

/** The beginning of a text, without half a character at its end. */
const beginning = (text: string): string => (text.length <= maxText ? text : text.slice(0, maxText).replace(/[\uD800-\uDBFF]$/, ''));
