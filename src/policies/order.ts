/** The order of an exchange's stages on the way to the provider. Answers pass the policies in reverse, so originals are restored last. */
export const order = [
  'authenticate', // nothing else is worth doing for a stranger, and refusing one is cheap
  'redact', // nothing after this line sees personal data
  'route', // on what will really be sent
  'budget', // reserves at the price of the dearest deployment of the chain, so it must know the chain
] as const;
