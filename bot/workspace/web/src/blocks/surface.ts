import { createContext, use } from 'react';
import type { Container, Element, ElementValue } from '../protocol';

/** What interactive elements need from the message, modal or Home they are in. */
export interface Surface {
  kind: 'message' | 'modal' | 'home';
  where: Container;
  /** The conversation behind it, for default_to_current_conversation. */
  channel: string;
  value(blockId: string, actionId: string): ElementValue | undefined;
  set(blockId: string, actionId: string, value: ElementValue): void;
  /** Sends a block action; the id tells its fate. With a change of value, the state sent includes it. */
  fire(blockId: string, element: Element, value: ElementValue): string;
  errors: Record<string, string>;
}

export const SurfaceContext = createContext<Surface | null>(null);

export function useSurface(): Surface {
  const surface = use(SurfaceContext);
  if (!surface) throw new Error('an interactive element outside of a surface');
  return surface;
}
