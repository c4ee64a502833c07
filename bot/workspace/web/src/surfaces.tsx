import { useMemo, useRef, useState, type ReactNode } from 'react';
import { SurfaceContext, type Surface } from './blocks/surface';
import type { Block, Container, Values } from './protocol';
import { usePage } from './page';
import { valuesOf } from './values';

/** Holds what is entered in the elements of one message, modal or Home. */
export function SurfaceProvider(props: {
  kind: Surface['kind'];
  where: Container;
  blocks: Block[];
  channel: string;
  errors?: Record<string, string>;
  entered?: Values;
  onEnter?(next: Values): void;
  children: ReactNode;
}) {
  const page = usePage();
  const [own, setOwn] = useState<Values>({});
  // A change and the action it fires happen before the next render: the
  // action's state must already hold the change.
  const latest = useRef<Values>(own);
  if (props.entered) latest.current = props.entered;

  const where = useMemo(() => props.where, [JSON.stringify(props.where)]);
  const surface: Surface = {
    kind: props.kind, where, channel: props.channel, errors: props.errors ?? {},
    value: (block, action) => (props.entered ?? own)[block]?.[action],
    set(block, action, value) {
      const next = { ...latest.current, [block]: { ...latest.current[block], [action]: value } };
      latest.current = next;
      if (props.onEnter) props.onEnter(next);
      else setOwn(next);
    },
    fire(blockId, element, value) {
      const action = { ...value, action_id: element.action_id, block_id: blockId };
      return page.act(where, action, valuesOf(props.blocks, latest.current, props.channel));
    },
  };
  return <SurfaceContext value={surface}>{props.children}</SurfaceContext>;
}
