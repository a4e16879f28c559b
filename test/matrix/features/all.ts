import type { FeatureGroup } from '../feature.ts';
import { endFeatures, errorFeatures } from './ends.ts';
import { mediaFeatures } from './media.ts';
import { reasoningFeatures } from './reasoning.ts';
import { optionFeatures, textFeatures } from './text.ts';
import { toolFeatures } from './tools.ts';
import { usageFeatures } from './usage.ts';

/** Everything that is tried with every client at every provider. */
export const featureGroups: readonly FeatureGroup[] = [
  { title: 'Text', features: textFeatures },
  { title: 'Media', features: mediaFeatures },
  { title: 'Tools and structured output', features: toolFeatures },
  { title: 'Reasoning', features: reasoningFeatures },
  { title: 'Usage and cache', features: usageFeatures },
  { title: 'Options', features: optionFeatures },
  { title: 'Ends', features: endFeatures },
  { title: 'Errors', features: errorFeatures },
];
