const open = new Set<AsyncDisposableStack>();

/** Collects what a system has started; everything goes in reverse order, once. */
export interface Resources {
  defer(onDispose: () => Promise<void>): void;
  close(): Promise<void>;
}

export function openResources(): Resources {
  const stack = new AsyncDisposableStack();
  open.add(stack);
  let closing: Promise<void> | undefined;
  return {
    defer: (onDispose) => stack.defer(onDispose),
    close: () => (closing ??= stack.disposeAsync().finally(() => open.delete(stack))),
  };
}

/** For an interrupt, or a shape that takes too long: whatever is running is stopped. */
export async function closeAllResources(): Promise<void> {
  await Promise.allSettled([...open].map((stack) => stack.disposeAsync()));
  open.clear();
}
