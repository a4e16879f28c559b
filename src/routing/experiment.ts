import type { Experiment } from './deployment.ts';
import { hashText, rendezvous } from './rendezvous.ts';

export type Variant = Experiment['variants'][number];

/**
 * The variant of an experiment that a caller gets, always the same: `key` is its `callerKey`. A changed weight moves no more callers than it must,
 * and who gets which variant in one experiment says nothing about another one. Undefined where no variant has a weight.
 */
export const assignVariant = ({ name, variants }: Experiment, key: number): Variant | undefined =>
  rendezvous(variants, hashText(name, key), { nameOf: (variant) => variant.name, weightOf: ({ weight }) => weight });
