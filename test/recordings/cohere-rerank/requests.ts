/** A body as Cohere's SDK sends it, with every field that it knows; checked by sending it (request.test.ts). */
export const everyField = {
  model: 'fast',
  query: 'Who is Bob?',
  documents: ['Bob is a builder.', 'Ann is an architect.'],
  top_n: 1,
  max_tokens_per_doc: 512,
  priority: 3,
};
