/** A body with every field that Jina and vLLM have in common. */
export const everyField = {
  model: 'fast',
  query: 'Who is Bob?',
  documents: ['Bob is a builder.', { text: 'Ann is an architect.' }],
  top_n: 1,
  return_documents: false,
};
