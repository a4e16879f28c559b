/** JSON answers in the shapes that servers send. */
export const answers = {
  jina: {
    model: 'jina-reranker-v2-base-multilingual',
    object: 'list',
    usage: { total_tokens: 815 },
    results: [
      { index: 1, relevance_score: 0.87, document: { text: 'Bob is a builder.' } },
      { index: 0, relevance_score: 0.012, document: { text: 'Ann is an architect.' } },
    ],
  },
  vllm: {
    id: 'rerank-fae51b2b664d4ed38f5969b612edff77',
    model: 'BAAI/bge-reranker-base',
    usage: { prompt_tokens: 56, total_tokens: 56 },
    results: [{ index: 1, document: { text: 'Bob is a builder.', multi_modal: null }, relevance_score: 0.99853515625 }],
  },
  withoutDocuments: { model: 'm', results: [{ index: 0, relevance_score: -3.5 }] },
};
