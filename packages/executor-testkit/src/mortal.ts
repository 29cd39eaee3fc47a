/** Something that can be killed in the middle of whatever it does. */
export interface Mortal<T extends object> {
  readonly living: T;
  /** From now on nothing it is asked comes back, and nothing it was asked before. */
  kill(): void;
}

const never = new Promise<never>(() => undefined);

/**
 * Stands between a daemon and what it works with, so that a test can end the daemon as SIGKILL does: it gets no answer any more, and so does nothing any more, while what it had set
 * going elsewhere goes on.
 */
export function makeMortal<T extends object>(target: T): Mortal<T> {
  let isDead = false;
  const living = new Proxy(target, {
    get(object, name) {
      const value: unknown = Reflect.get(object, name);
      if (typeof value !== "function") return value;
      return (...args: unknown[]): unknown => {
        if (isDead) return never;
        const result: unknown = Reflect.apply(value, object, args);
        if (!(result instanceof Promise)) return result;
        return result.then(
          (answer: unknown) => (isDead ? never : answer),
          (error: unknown) => (isDead ? never : Promise.reject(error)),
        );
      };
    },
  });
  return { living, kill: () => void (isDead = true) };
}
