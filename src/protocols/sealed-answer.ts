import type { Part } from '../llm/part.ts';
import type { OpaqueState } from '../llm/state.ts';
import type { Protocol } from './protocol.ts';
import type { Seal } from './seal.ts';

/** Most reasoning text kept for a tool call's id, in characters. */
const maxReasoningLength = 64 * 1024;

/**
 * Puts opaque state where the client's protocol will echo it: sealed into the block of reasoning, or where the protocol has no field for it into the id of the tool call that follows.
 * State of the protocol's own maker stays as it is. For one answer; only where it is translated: who gets a provider's own bytes has its state in them.
 */
export function createStateSealer({ carries }: Protocol, seal: Seal): (part: Part) => readonly Part[] {
  /** Reasoning that no tool call has taken along yet, by block. */
  const pending = new Map<number, { text: string; state?: OpaqueState }>();

  const sealed = (state: OpaqueState): OpaqueState | undefined => {
    if (state.origin === carries.origin) return state;
    const value = seal.seal({ type: 'state', state });
    return value === undefined ? undefined : { ...state, value };
  };

  function call(part: Extract<Part, { type: 'tool-call' }>): Part {
    const { state, ...rest } = part;
    const reasoning = [...pending.values()].filter((block) => block.state !== undefined && block.text.length <= maxReasoningLength);
    pending.clear();
    if (state !== undefined && carries.calls) {
      const own = sealed(state);
      return own === undefined ? rest : { ...rest, state: own };
    }
    if (state === undefined && reasoning.length === 0) return rest;
    const id = seal.seal({ type: 'call', id: part.id, ...(state !== undefined && { state }), ...(reasoning.length > 0 && { reasoning }) });
    return id === undefined ? rest : { ...rest, id };
  }

  /** A block of reasoning that goes on, and has no state yet. */
  const unsigned = new Set<number>();
  let mark: string | undefined;

  /** A client sends every block back, so one without state must be known again: its protocol's own maker would refuse it. */
  function inField(part: Part): readonly Part[] {
    switch (part.type) {
      case 'reasoning':
        unsigned.add(part.block);
        return [part];
      case 'reasoning-state': {
        unsigned.delete(part.block);
        const state = sealed(part.state);
        return state === undefined ? [] : [{ ...part, state }];
      }
      case 'block-end': {
        if (!unsigned.delete(part.block) || carries.origin === undefined) return [part];
        mark ??= seal.seal({ type: 'unsigned' }) ?? '';
        return [{ ...part, type: 'reasoning-state', state: { origin: carries.origin, kind: 'signature', value: mark } }, part];
      }
      default:
        return [part];
    }
  }

  return (part) => {
    if (part.type === 'tool-call') return [call(part)];
    if (carries.reasoning) return inField(part);
    if (part.type === 'reasoning') {
      const text = pending.get(part.block)?.text ?? '';
      if (text.length <= maxReasoningLength) pending.set(part.block, { text: text + part.text });
    } else if (part.type === 'reasoning-state') {
      pending.set(part.block, { text: pending.get(part.block)?.text ?? '', state: part.state });
      return [];
    }
    return [part];
  };
}
