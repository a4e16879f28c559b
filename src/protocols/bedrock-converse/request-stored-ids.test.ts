import { expect, test } from 'vitest';
import { parseJson } from '../../framing/json.ts';
import { storedIds } from './request-stored-ids.ts';

const uri = 's3://somebody/else.png';
const found = (content: unknown) =>
  storedIds(parseJson(Buffer.from(JSON.stringify({ messages: [{ role: 'user', content }] })))).map(({ node }) => node.path);

test('what Bedrock would read from S3 with our role is found wherever it may stand', () => {
  const source = { s3Location: { uri, bucketOwner: '1' } };
  expect(found([{ image: { format: 'png', source } }])).toEqual(['messages[0].content[0].image.source.s3Location.uri']);
  expect(found([{ document: { name: 'd', source } }, { video: { source } }])).toHaveLength(2);
  expect(found([{ toolResult: { toolUseId: 't', content: [{ image: { source } }] } }])).toHaveLength(1);
});

test('what a tool was called with is the client’s own affair', () => {
  expect(found([{ toolUse: { toolUseId: 't', name: 'copy', input: { s3Location: { uri } } } }])).toEqual([]);
  expect(found([{ toolResult: { toolUseId: 't', content: [{ json: { s3Location: { uri } } }] } }])).toEqual([]);
  expect(found([{ text: uri }])).toEqual([]);
});
