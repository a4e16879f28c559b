import { describe, expect, test } from 'vitest';
import type { ChatRequest, Message } from '../../llm/request.ts';
import { assistant, calls, encode, haiku, llama, nova, result, text, tool, user } from '../../../test/recordings/bedrock-converse/encoding.ts';

const messagesOf = (...messages: Message[]) => {
  const { body, fields } = encode({ messages });
  return { messages: body['messages'], system: body['system'], fields };
};

test('a plain request is messages alone', () => {
  expect(encode({})).toMatchObject({ text: '{"messages":[{"role":"user","content":[{"text":"Hi"}]}]}', fields: [] });
});

describe('the conversation', () => {
  test('begins with the user and alternates, whatever the client’s did', () => {
    expect(
      messagesOf({ role: 'system', content: [text('a'), text(' ')] }, assistant('b'), user('c'), { role: 'system', content: [text('d')] }, user('e')),
    ).toEqual({
      system: [{ text: 'a' }],
      messages: [
        { role: 'user', content: [{ text: '(The conversation begins with the assistant.)' }] },
        { role: 'assistant', content: [{ text: 'b' }] },
        { role: 'user', content: [{ text: 'c' }, { text: 'd' }, { text: 'e' }] },
      ],
      fields: ['messages[3]', 'messages[1]'],
    });
  });

  test('of a system message alone is the user’s', () => {
    expect(messagesOf({ role: 'system', content: [text('a')] })).toEqual({
      system: undefined,
      messages: [{ role: 'user', content: [{ text: 'a' }] }],
      fields: ['messages[0]'],
    });
  });

  test('has no blank text, and none at the end of what Claude shall continue', () => {
    expect(messagesOf(user('a', ' \n'), assistant('b \n'))).toMatchObject({
      messages: [{ content: [{ text: 'a' }] }, { content: [{ text: 'b' }] }],
      fields: ['messages[1]'],
    });
  });

  test('has all results of a turn first, in the turn right behind their calls', () => {
    const { messages, fields } = messagesOf(user('Hi'), calls('a', 'b'), result('b', 'B'), user('And?'), result('a'));
    expect(fields).toEqual(['tools']);
    expect(messages).toEqual([
      { role: 'user', content: [{ text: 'Hi' }] },
      { role: 'assistant', content: ['a', 'b'].map((toolUseId) => ({ toolUse: { toolUseId, name: 'f', input: {} } })) },
      {
        role: 'user',
        content: [{ toolResult: { toolUseId: 'b', content: [{ text: 'B' }] } }, { toolResult: { toolUseId: 'a', content: [] } }, { text: 'And?' }],
      },
    ]);
  });

  test('has ids as the API takes them, the same in a call and its result, and no two alike', () => {
    const long = 'x'.repeat(80);
    const ids = [long, `${long}y`, 'a b', 'a_b', 'ok:1.2', 'ok:1.2', ''];
    const { messages } = messagesOf(user('Hi'), calls(...ids), ...ids.map((id) => result(id)));
    const [, made, answered] = messages as { content: { toolUse?: { toolUseId: string }; toolResult?: { toolUseId: string } }[] }[];
    const names = made?.content.map(({ toolUse }) => toolUse?.toolUseId ?? '') ?? [];
    expect(new Set(names).size).toBe(ids.length);
    for (const name of names) expect(name).toMatch(/^[a-zA-Z0-9_.:-]{1,64}$/);
    expect(names[4]).toBe('ok:1.2');
    expect(answered?.content.map(({ toolResult }) => toolResult?.toolUseId)).toEqual(names);
  });
});

describe('results of tools', () => {
  const failed = (content: (Message & { role: 'tool' })['content'], model = haiku) => {
    const { body, fields } = encode(
      { messages: [user('Hi'), calls('a'), { role: 'tool', toolCallId: 'a', content, isError: true }], tools: [tool] },
      model,
    );
    return { content: (body['messages'] as { content: unknown }[])[2]?.content, fields };
  };
  const image = { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'AAAA' } } as const;
  const written = { image: { format: 'png', source: { bytes: 'AAAA' } } };

  test('that are errors say so, in texts alone; images follow', () => {
    expect(failed([text('oops'), image])).toEqual({
      content: [{ toolResult: { toolUseId: 'a', content: [{ text: 'oops' }], status: 'error' } }, written],
      fields: [],
    });
  });

  test('that are errors say something', () => {
    expect(failed([]).content).toMatchObject([{ toolResult: { content: [{ text: 'The tool failed.' }] } }]);
  });

  test('are errors only for models that can be told', () => {
    expect(failed([text('oops')], llama)).toEqual({
      content: [{ toolResult: { toolUseId: 'a', content: [{ text: 'oops' }] } }],
      fields: ['messages[2]'],
    });
  });

  test('hold images otherwise', () => {
    const { body } = encode({
      messages: [user('Hi'), calls('a'), { role: 'tool', toolCallId: 'a', content: [text('x'), image], isError: false }],
      tools: [tool],
    });
    expect(body['messages']).toMatchObject([{}, {}, { content: [{ toolResult: { content: [{ text: 'x' }, written] } }] }]);
  });
});

describe('files', () => {
  const sent = (...content: (Message & { role: 'user' })['content']) => {
    const { body, warnings } = encode({ messages: [{ role: 'user', content }] });
    return { content: (body['messages'] as { content: unknown }[])[0]?.content, details: warnings.map(({ detail }) => detail) };
  };
  const inline = (mediaType: string, data = 'AAAA') => ({ kind: 'base64', mediaType, data }) as const;

  test('images go by format, and never by URL', () => {
    expect(
      sent(
        text('Look'),
        { type: 'image', source: inline('image/jpg') },
        { type: 'image', source: { kind: 'url', url: 'data:image/webp;base64,BBBB' } },
        { type: 'image', source: { kind: 'url', url: 'https://a.example/i.png' }, detail: 'low' },
        { type: 'image', source: inline('image/tiff') },
      ),
    ).toEqual({
      content: [{ text: 'Look' }, { image: { format: 'jpeg', source: { bytes: 'AAAA' } } }, { image: { format: 'webp', source: { bytes: 'BBBB' } } }],
      details: [
        'how closely an image is looked at cannot be set in the Converse API',
        'an image by URL is left out: images must be sent as base64 to this provider',
        'an image of type image/tiff is left out: the Converse API takes JPEG, PNG, GIF and WebP',
      ],
    });
  });

  test('documents have names that the API takes, each its own, and a text beside them', () => {
    const name = (given?: string) => ({ type: 'document', source: inline('application/pdf'), ...(given !== undefined && { name: given }) }) as const;
    const { content } = sent(name('C.V. of  Bob_1.pdf'), name('C-V'), name('C-V'), name(), name('日本'), {
      type: 'document',
      source: { kind: 'text', text: 'é' },
    });
    expect(content).toMatchObject([
      { document: { name: 'C V of Bob 1 pdf', format: 'pdf' } },
      { document: { name: 'C-V' } },
      { document: { name: 'C-V 2' } },
      { document: { name: 'Document' } },
      { document: { name: 'Document 2' } },
      { document: { format: 'txt', source: { bytes: Buffer.from('é').toString('base64') } } },
      { text: '(See the document.)' },
    ]);
  });

  test('documents go by format, others and those by URL are left out', () => {
    const { content, details } = sent(
      text('Read'),
      { type: 'document', source: inline('text/markdown; charset=utf-8') },
      { type: 'document', source: inline('text/x-python') },
      { type: 'document', source: inline('application/zip') },
      { type: 'document', source: { kind: 'url', url: 'https://a.example/cv.pdf' } },
      { type: 'audio', source: inline('audio/wav') },
    );
    expect(content).toMatchObject([{}, { document: { format: 'md' } }, { document: { format: 'txt' } }]);
    expect(details).toHaveLength(3);
  });
});

describe('reasoning of earlier turns', () => {
  const turn = (...content: (Message & { role: 'assistant' })['content']): Partial<ChatRequest> => ({
    messages: [user('Hi'), { role: 'assistant', content }, user('And?')],
    reasoning: { budgetTokens: 2000 },
  });
  const signed = { type: 'reasoning', text: 'Hm.', state: { origin: 'anthropic', kind: 'signature', value: 'sig' } } as const;
  const hidden = { type: 'reasoning', text: '', state: { origin: 'anthropic', kind: 'encrypted', value: 'AAEC' } } as const;

  test('goes back to Claude, before what came of it', () => {
    const { body, fields } = encode(turn(text('So'), signed, hidden));
    expect(body['messages']).toMatchObject([
      {},
      {
        content: [
          { reasoningContent: { reasoningText: { text: 'Hm.', signature: 'sig' } } },
          { reasoningContent: { redactedContent: 'AAEC' } },
          { text: 'So' },
        ],
      },
      {},
    ]);
    expect(fields).toEqual([]);
  });

  test('goes to no other model, nor without a signature', () => {
    const unsigned = { type: 'reasoning', text: 'Hm.' } as const;
    expect(encode(turn(signed, unsigned, text('So')), nova).fields).toEqual(['messages[1]', 'messages[1]', 'reasoning']);
    expect(encode(turn(unsigned, text('So'))).fields).toEqual(['messages[1]']);
  });

  test('is left out where Claude shall not think', () => {
    const { body, fields } = encode({ ...turn(signed, text('So')), reasoning: { effort: 'none' } });
    expect(body['messages']).toMatchObject([{}, { content: [{ text: 'So' }] }, {}]);
    expect(fields).toEqual(['messages']);
  });
});
