/** The chance of one token, as Chat Completions and Responses give it. */
export interface TokenLogprob {
  token: string;
  logprob: number;
  bytes: number[];
  top_logprobs: { token: string; logprob: number; bytes: number[] }[];
}

const chance = (token: string, rank: number): { token: string; logprob: number; bytes: number[] } => ({
  token,
  logprob: -0.125 * (rank + 1),
  bytes: [...Buffer.from(token)],
});

/** Made-up chances of a text's pieces, each with so many alternatives, the piece itself first. */
export const toLogprobs = (pieces: readonly string[], alternatives: number): TokenLogprob[] =>
  pieces.map((piece) => ({
    ...chance(piece, 0),
    top_logprobs: Array.from({ length: alternatives }, (_, rank) => chance(rank === 0 ? piece : `${piece}~${rank}`, rank)),
  }));
