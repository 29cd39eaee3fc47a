import { type ReactNode, type Ref, useImperativeHandle, useRef, useState } from "react";
import { createPortal } from "react-dom";
import classes from "./hover-tip.module.css";

export interface HoverTipHandle {
  /** Says something about an element; asked for the same element again it does nothing. */
  show(element: Element, content: () => ReactNode, at?: { x: number; y: number }): void;
  hide(): void;
}

const WIDTH = 290;
const LEAST_ROOM = 170;

/**
 * One tip for thousands of things: it alone is drawn when the pointer moves from one to the next. It is for eyes; screen readers need the same in the labels of the things.
 */
export function HoverTip({ ref }: { ref: Ref<HoverTipHandle> }) {
  const [shown, setShown] = useState<{ content: ReactNode; left: number; top: number; isAbove: boolean } | null>(null);
  const current = useRef<Element | null>(null);
  useImperativeHandle(ref, () => ({
    show(element, content, at) {
      if (current.current === element) return;
      current.current = element;
      const box = element.getBoundingClientRect();
      const left = Math.min(at === undefined ? box.right + 6 : at.x + 12, window.innerWidth - WIDTH - 8);
      const isAbove = box.bottom > window.innerHeight - LEAST_ROOM;
      setShown({ content: content(), left: Math.max(8, left), top: isAbove ? window.innerHeight - box.top + 4 : box.bottom + 4, isAbove });
    },
    hide() {
      if (current.current === null) return;
      current.current = null;
      setShown(null);
    },
  }));
  if (shown === null) return null;
  const { content, left, top, isAbove } = shown;
  return createPortal(
    <div className={classes["tip"]} aria-hidden style={{ left, maxWidth: WIDTH, ...(isAbove ? { bottom: top } : { top }) }}>
      {content}
    </div>,
    document.body,
  );
}
