import { expect, test } from 'vitest';
import { requests } from '../../../test/recordings/gemini-generate/requests.ts';
import { parseJson } from '../../framing/json.ts';
import { countRequestTexts, embedRequestTexts, requestTexts } from './request-texts.ts';

const described = (body: unknown, texts = requestTexts): string[] =>
  texts(parseJson(Buffer.from(JSON.stringify(body)))).map(({ node, kind }) => `${kind} ${node.path}`);

test('of a tool loop, what is said, asked and answered is text; names, ids and signatures are not', () => {
  expect(described(requests['a tool loop'])).toEqual([
    'text contents[0].parts[0].text',
    'text contents[1].parts[0].text',
    'tree contents[1].parts[1].functionCall.args',
    'tree contents[1].parts[2].functionCall.args',
    'tree contents[2].parts[0].functionResponse.response',
    'tree contents[2].parts[1].functionResponse.response',
    'text contents[2].parts[2].text',
    'text tools[0].functionDeclarations[0].description',
    'text tools[0].functionDeclarations[0].parameters.properties.city.description',
  ]);
});

test('of settings and media, numbers and files are left alone', () => {
  expect(described(requests.settings)).toEqual([
    'text contents[0].parts[0].text',
    'text systemInstruction.parts[0].text',
    'text systemInstruction.parts[1].text',
    'text generationConfig.stopSequences[0]',
    'text generationConfig.stopSequences[1]',
    'tree labels',
  ]);
  expect(described(requests.media)).toEqual(['text contents[0].parts[0].text', 'text contents[0].parts[5].fileData.fileUri']);
});

test('a request inside of a count has the same texts', () => {
  const inside = described({ generate_content_request: { model: 'models/a', ...requests['a tool loop'] } }, countRequestTexts);
  expect(inside).toEqual(described(requests['a tool loop']).map((each) => each.replace(' ', ' generate_content_request.')));
});

test('of requests for embeddings, contents and titles are text', () => {
  const request = { model: 'models/e', content: { parts: [{ text: 'A' }] }, taskType: 'RETRIEVAL_DOCUMENT', title: 'T', outputDimensionality: 5 };
  expect(described(request, embedRequestTexts)).toEqual(['text content.parts[0].text', 'text title']);
  expect(described({ requests: [request] }, embedRequestTexts)).toEqual(['text requests[0].content.parts[0].text', 'text requests[0].title']);
});
