/**
 * One loader child may load many files. A file that changes what all share (a global, a method of Array, an environment variable, the working folder)
 * would change what the next one sees, and with it that file's spec. The guard notices, and the child is not used again.
 */
export interface GlobalGuard {
  isUntouched(): boolean;
}

const SHARED_OBJECTS = [
  "Object",
  "Function",
  "Array",
  "String",
  "Number",
  "Boolean",
  "Symbol",
  "BigInt",
  "Date",
  "RegExp",
  "Promise",
  "Map",
  "Set",
  "WeakMap",
  "WeakSet",
  "Error",
  "TypeError",
  "RangeError",
  "SyntaxError",
  "Math",
  "JSON",
  "Reflect",
  "Proxy",
  "Intl",
  "ArrayBuffer",
  "Uint8Array",
  "URL",
  "URLSearchParams",
  "TextEncoder",
  "TextDecoder",
  "AbortController",
  "AbortSignal",
  "Buffer",
  "console",
  "crypto",
  "performance",
] as const;

const sharedNames: ReadonlySet<string | symbol> = new Set(SHARED_OBJECTS);

/** Taken before any author code runs, and used ever after: author code may replace these very functions. */
const { getOwnPropertyDescriptor, getPrototypeOf, is } = Object;
const { ownKeys } = Reflect;
const stringify = JSON.stringify;

interface Watched {
  target: object;
  prototype: object | null;
  keys: (string | symbol)[];
  descriptors: (PropertyDescriptor | undefined)[];
}

export function guardGlobals(): GlobalGuard {
  const watched = [...sharedTargets()].map(watch);
  const surroundings = describeSurroundings();
  return { isUntouched: () => areSame(watched) && describeSurroundings() === surroundings };
}

function sharedTargets(): Set<object> {
  const targets = new Set<object>([globalThis, process]);
  for (const name of SHARED_OBJECTS) {
    const value: unknown = Reflect.get(globalThis, name);
    if (!isObject(value)) continue;
    targets.add(value);
    const prototype: unknown = Reflect.get(value, "prototype");
    if (isObject(prototype)) targets.add(prototype);
  }
  return targets;
}

function isObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

function watch(target: object): Watched {
  const keys = watchedKeys(target);
  return { target, prototype: getPrototypeOf(target) as object | null, keys, descriptors: keys.map((key) => descriptorOf(target, key)) };
}

/**
 * Of the globals, not those by which packages find their one instance per process: symbols, and names like `__zod_globalRegistry`. Nobody but the package looks
 * at them, and it keeps the same state in its own modules anyway. If they counted, each file that uses zod would cost a process.
 */
function watchedKeys(target: object): (string | symbol)[] {
  const keys = ownKeys(target);
  if (target !== globalThis) return keys;
  const kept: (string | symbol)[] = [];
  for (const key of keys) if (typeof key === "string" && !(key[0] === "_" && key[1] === "_")) kept[kept.length] = key;
  return kept;
}

/** Loops instead of methods of Array, in this and the next function: author code may have replaced those. */
function areSame(watched: readonly Watched[]): boolean {
  for (let index = 0; index < watched.length; index++) if (!isSame(watched[index] as Watched)) return false;
  return true;
}

/** Of the globals, only those named above are looked at: some of the others (WebSocket …) are made when they are first asked for, at a cost of 70 ms. */
function descriptorOf(target: object, key: string | symbol): PropertyDescriptor | undefined {
  return target === globalThis && !sharedNames.has(key) ? undefined : getOwnPropertyDescriptor(target, key);
}

function isSame({ target, prototype, keys, descriptors }: Watched): boolean {
  if (getPrototypeOf(target) !== prototype) return false;
  const keysNow = watchedKeys(target);
  if (keysNow.length !== keys.length) return false;
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index] as string | symbol;
    if (keysNow[index] !== key || !isSameProperty(descriptors[index], descriptorOf(target, key))) return false;
  }
  return true;
}

function isSameProperty(before: PropertyDescriptor | undefined, now: PropertyDescriptor | undefined): boolean {
  if (before === undefined || now === undefined) return before === now;
  return is(before.value, now.value) && before.get === now.get && before.set === now.set && before.writable === now.writable;
}

/** What is not a property of a shared object: listeners, the environment, the working folder. */
function describeSurroundings(): string {
  const listeners = process.eventNames().map((name) => `${String(name)}:${process.listenerCount(name)}`);
  return stringify([process.cwd(), process.env, listeners.sort(), process.exitCode ?? null]);
}
