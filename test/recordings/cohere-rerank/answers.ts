/** JSON answers in the shapes that Cohere's own server sends (https://docs.cohere.com/reference/rerank). */
export const answers = {
  searches: {
    id: '07734bd2-2473-4f07-94e1-0d9f0e6843cf',
    results: [
      { index: 3, relevance_score: 0.999071 },
      { index: 0, relevance_score: 0.32713068 },
    ],
    meta: { api_version: { version: '2', is_experimental: false }, billed_units: { search_units: 1 } },
  },
  tokens: { id: '0773', results: [{ index: 0, relevance_score: 1e-7 }], meta: { tokens: { input_tokens: 12 }, billed_units: { search_units: 1 } } },
};
