/** Collects what a system has started; everything goes in reverse order, once. */
export interface Resources {
  defer(onDispose: () => Promise<void>): void;
  /** Resolves when everything has gone, whoever asked first. */
  close(): Promise<void>;
}

const open = new Set<Resources>();
let isOver = false;

export function openResources(): Resources {
  if (isOver) throw new Error("the bench is being stopped");
  const stack = new AsyncDisposableStack();
  let closing: Promise<void> | undefined;
  const resources: Resources = {
    defer: (onDispose) => {
      // Started while the rest went: it goes at once.
      if (stack.disposed) void onDispose();
      else stack.defer(onDispose);
    },
    close: () => (closing ??= stack.disposeAsync().finally(() => open.delete(resources))),
  };
  open.add(resources);
  return resources;
}

/** For an interrupt: nothing is started any more, and whatever is running is stopped. */
export async function endAllResources(): Promise<void> {
  isOver = true;
  await closeAllResources();
}

/** After a shape, also one that takes too long: whatever is running is stopped. */
export async function closeAllResources(): Promise<void> {
  await Promise.allSettled([...open].map((resources) => resources.close()));
}
