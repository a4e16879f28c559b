import { answers } from '../../../test/recordings/rerank/answers.ts';
import { jsonOnlyContract } from '../json-only.contract.ts';
import { rerank } from './index.ts';

jsonOnlyContract(rerank, {
  request: { model: 'fast', query: 'Who?', documents: ['Bob'] },
  requiredFields: ['model', 'query', 'documents'],
  faults: [
    [{ model: '' }, 'model'],
    [{ documents: [] }, 'documents'],
    [{ documents: 'Bob' }, 'documents'],
  ],
  places: {
    'the query': (value) => ({ query: value }),
    'a document': (value) => ({ documents: ['Hi', value] }),
    'the text of a document': (value) => ({ documents: [{ text: value }] }),
    'a field of a document': (value) => ({ documents: [{ title: value, by: [value] }] }),
  },
  answers,
  hasErrorTypes: true,
});
