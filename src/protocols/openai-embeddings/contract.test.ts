import { answers } from '../../../test/recordings/openai-embeddings/answers.ts';
import { jsonOnlyContract } from '../json-only.contract.ts';
import { openaiEmbeddings } from './index.ts';

jsonOnlyContract(openaiEmbeddings, {
  request: { model: 'fast', input: 'Hi' },
  requiredFields: ['model', 'input'],
  faults: [
    [{ model: '' }, 'model'],
    [{ encoding_format: 'hex' }, 'encoding_format'],
    [{ encoding_format: 7 }, 'encoding_format'],
  ],
  places: {
    'a text': (value) => ({ input: value }),
    'one of several texts': (value) => ({ input: ['Hi', value] }),
    'an object in the place of a text': (value) => ({ input: [{ text: value }] }),
    'the id of the user': (value) => ({ user: value }),
  },
  answers,
  options: { base64: { encoding: 'base64' } },
  hasErrorTypes: true,
});
