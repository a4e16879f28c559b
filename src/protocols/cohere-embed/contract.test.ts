import { answers } from '../../../test/recordings/cohere-embed/answers.ts';
import { jsonOnlyContract } from '../json-only.contract.ts';
import { cohereEmbed } from './index.ts';

jsonOnlyContract(cohereEmbed, {
  request: { model: 'fast', texts: ['Hi'], input_type: 'search_query' },
  requiredFields: ['model'],
  faults: [
    [{ model: '' }, 'model'],
    [{ embedding_types: 'float' }, 'embedding_types'],
    [{ embedding_types: [1] }, 'embedding_types[0]'],
  ],
  places: {
    'a text': (value) => ({ texts: [value] }),
    'an object in the place of a text': (value) => ({ texts: [{ text: value }] }),
    'a piece of an input': (value) => ({ inputs: [{ content: [{ type: 'text', text: value }] }] }),
    'an unknown piece of an input': (value) => ({ inputs: [{ content: [{ type: 'hologram', caption: [value] }] }] }),
    'the place of an image': (value) => ({ images: [`data:image/png;base64,${String(value)}.`] }),
  },
  answers,
  options: { base64: { encoding: 'base64' } },
  hasErrorTypes: false,
});
