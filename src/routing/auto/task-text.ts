/** What a look at a task's characters tells, apart from its words. */
export interface TaskText {
  chars: number;
  /** Question marks. */
  questions: number;
  /** Lines that begin with a bullet or a number. */
  listItems: number;
  /** Numbers in digits. */
  numbers: number;
  hasCode: boolean;
  hasFormula: boolean;
  /** Where instructions stand: the beginning and the end, lower-case, without accents, with one space around each word. */
  instructions: string;
  /** The last line, in the same form: who puts a text first asks at its end. Empty where there is only one line. */
  lastLine: string;
}

/** Characters at either end of a task among which its instructions are sought: a text that it is about stands between. */
const instructionChars = 300;

/** Reads a task, in time linear in its length. */
export function readTask(task: string): TaskText {
  const text = task.replace(placeholder, 'X').trim();
  return {
    chars: task.length,
    ...count(text),
    hasFormula: formula.test(text),
    instructions: plainWords(ends(text, instructionChars)),
    lastLine: text.includes('\n') ? plainWords(text.slice(text.lastIndexOf('\n')).slice(-instructionChars)) : '',
  };
}

/** What stands for personal data: its brackets are no code, its number is none of the task's. */
const placeholder = /\[[A-Z][A-Z_-]{0,40}_[0-9a-z]{1,64}\]/g;

const ends = (text: string, each: number): string => (text.length <= 2 * each ? text : `${text.slice(0, each)}\n${text.slice(-each)}`);

const plainWords = (text: string): string => {
  const folded = text
    .normalize('NFC')
    .toLowerCase()
    .replace(/[äöüß]/g, (letter) => germanLetters.get(letter) ?? letter);
  const words = folded
    .normalize('NFD')
    .replace(/\p{M}+/gu, '')
    .match(/[\p{L}\p{N}+#]+/gu);
  return ` ${words?.join(' ') ?? ''} `;
};

const germanLetters = new Map([
  ['ä', 'ae'],
  ['ö', 'oe'],
  ['ü', 'ue'],
  ['ß', 'ss'],
]);

/** Signs of mathematics, or letters and numbers that an operator joins. */
const formula = /[∫∑√∂π≤≥≠∞∈]|\\(?:frac|sum|int|sqrt|lim)|\d ?[*^×÷+] ?\d|[A-Za-z)]\^[\d({]|[A-Za-z)\d] ?= ?-?\d/;

/** Texts that hardly stand anywhere but in code and in what it prints. */
const codeMarks = [
  'function |def |return |const |import |#include|public class|SELECT |console.log|();|=> |</| != | == '.split('|'),
  'Traceback (most|Exception|Error:|at line |.py|.ts|.java|.go:|npm ERR|exit code'.split('|'),
].flat();

/** Share of brackets and operators from which on a text is code. */
const codeDensity = 0.06;

function count(text: string): Pick<TaskText, 'questions' | 'listItems' | 'numbers' | 'hasCode'> {
  let questions = 0;
  let listItems = 0;
  let numbers = 0;
  let operators = 0;
  let isLineStart = true;
  let inNumber = false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    const isDigit = code >= zero && code <= nine;
    if (isDigit && !inNumber) numbers++;
    if (isLineStart && code !== space && code !== newline && listItem.test(text.slice(index, index + 3))) listItems++;
    if (code === question || code === wideQuestion) questions++;
    if (isOperator[code] === true) operators++;
    inNumber = isDigit || (inNumber && (code === point || code === comma));
    isLineStart = code === newline || (isLineStart && code === space);
  }
  const marks = codeMarks.filter((mark) => text.includes(mark)).length;
  const isDense = text.length > 40 && operators / text.length > codeDensity;
  return { questions, listItems, numbers, hasCode: text.includes('```') || marks >= 2 || isDense };
}

const codesOf = (chars: string): number[] => Array.from(chars, (char) => char.charCodeAt(0));
const [zero = 0, nine = 0, point, comma, space, newline, question, wideQuestion] = codesOf('09., \n?？');
const operatorCodes = codesOf('{}()[];=<>&|_$');
const isOperator = Array.from({ length: 128 }, (_, code) => operatorCodes.includes(code));

/** `- item`, `* item`, `1. item`, `1) item`, `a) item`. */
const listItem = /^(?:[-*•] |[0-9a-z]{1,2}[.)、])/;
