const meta = { api_version: { version: '2' }, billed_units: { input_tokens: 6 } };

/** JSON answers in the shapes that Cohere's own server sends (https://docs.cohere.com/reference/embed). */
export const answers = {
  floats: {
    id: 'da6e531f-54c5-4a73-bf92-f60566d8d753',
    response_type: 'embeddings_by_type',
    embeddings: {
      float: [
        [0.016296387, -0.008354187],
        [0.04663086, 1e-7],
      ],
    },
    texts: ['hello', 'goodbye'],
    meta,
  },
  base64: { id: 'da6e', response_type: 'embeddings_by_type', embeddings: { base64: ['AACAPwAAAMAAAAA/'] }, texts: ['hello'], meta },
};
