/** Bodies as Cohere's SDK sends them, with every field that it knows. Its types have other names than the wire, so they are checked by sending them (request.test.ts). */
export const everyField = {
  model: 'fast',
  texts: ['Mail of Bob'],
  input_type: 'search_query',
  embedding_types: ['float'],
  output_dimension: 256,
  max_tokens: 100,
  truncate: 'START',
  priority: 3,
};

/** Inputs in pieces. */
export const pieces = {
  content: [
    { type: 'text', text: 'Mail of' },
    { type: 'text', text: 'Ann' },
  ],
};

export const picture = { content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } }] };
