/** Lets several lists with the same rows scroll together, without any of them being drawn again for it. */
export interface RowScroll {
  /** @returns what takes the list out again */
  join(element: HTMLElement): () => void;
}

export function createRowScroll(): RowScroll {
  const lists = new Set<HTMLElement>();
  let top = 0;
  return {
    join(element) {
      const follow = () => {
        if (element.scrollTop === top) return;
        top = element.scrollTop;
        for (const other of lists) if (other !== element) other.scrollTop = top;
      };
      lists.add(element);
      element.scrollTop = top;
      element.addEventListener("scroll", follow, { passive: true });
      return () => {
        lists.delete(element);
        element.removeEventListener("scroll", follow);
      };
    },
  };
}
