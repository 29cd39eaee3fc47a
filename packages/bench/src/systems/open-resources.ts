const open = new Set<AsyncDisposableStack>();
let isOver = false;

/** Collects what a system has started; everything goes in reverse order, once. */
export interface Resources {
  defer(onDispose: () => Promise<void>): void;
  close(): Promise<void>;
}

export function openResources(): Resources {
  if (isOver) throw new Error("the bench is being stopped");
  const stack = new AsyncDisposableStack();
  open.add(stack);
  let closing: Promise<void> | undefined;
  return {
    defer: (onDispose) => stack.defer(onDispose),
    close: () => (closing ??= stack.disposeAsync().finally(() => open.delete(stack))),
  };
}

/** For an interrupt: nothing is started any more, and whatever is running is stopped. */
export async function endAllResources(): Promise<void> {
  isOver = true;
  await closeAllResources();
}

/** After a shape, also one that takes too long: whatever is running is stopped. */
export async function closeAllResources(): Promise<void> {
  await Promise.allSettled([...open].map((stack) => stack.disposeAsync()));
  open.clear();
}
