import { createRequire, isBuiltin, registerHooks, type ResolveFnOutput, type ResolveHookContext } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { OwnPackage } from "./child-program/child-program.ts";

export interface BundleResolution {
  /** URL under which the bundle is imported. */
  bundleUrl: string;
  /** Folders from which its packages are looked up, in this order, as if the bundle lay in them: the DAG's own folder first. */
  resolveFrom: readonly string[];
}

/** By bundle URL: the URLs of (imaginary) modules in those folders. */
const lookupParentsByBundle = new Map<string, string[]>();

/** Bundles that are held in memory instead of on disk, by URL. */
const codeByBundle = new Map<string, string>();

/** Absent: the process runs from the sources. */
let ownPackage: OwnPackage | undefined;

let hooksRegistered = false;
/** `require.resolve` asks the hooks again. */
let isResolvingOwn = false;

/**
 * Makes a bundle that lies in a cache folder, or nowhere at all, find its packages in the author's project; for `import`, `import()` and `require`.
 *
 * `tradewind` is always the copy that belongs to this installation, also for packages that bring their own: two copies would each have their own
 * "current task", and only one of them would be set. Airflow's TypeScript SDK is `tradewind/airflow`, also where that package is installed: the files that import it find the same names.
 */
export function registerBundleResolution(resolution: BundleResolution): void {
  lookupParentsByBundle.set(
    resolution.bundleUrl,
    resolution.resolveFrom.map((folder) => pathToFileURL(join(folder, "tradewind-bundle.mjs")).href),
  );
  registerOnce();
}

/**
 * For a child that runs a packed program: `tradewind` is the copy in there, of which the program itself is made, and what that imports from npm is found as from its sources.
 */
export function useOwnPackage(own: OwnPackage): void {
  ownPackage = own;
  registerOnce();
}

function registerOnce(): void {
  if (hooksRegistered) return;
  hooksRegistered = true;
  registerHooks({
    resolve(specifier, context, nextResolve) {
      if (codeByBundle.has(specifier)) return { url: specifier, format: "module", shortCircuit: true };
      const resolveFrom = (parentURL: string): ResolveFnOutput =>
        context.conditions.includes("require") ? resolveRequired(specifier, parentURL) : nextResolve(specifier, { ...context, parentURL });
      const own = isResolvingOwn ? null : ownSpecifier(specifier);
      if (own !== null) return resolveOwn(own, context, nextResolve);
      const parents = lookupParents(context.parentURL);
      if (parents === undefined || !isPackage(specifier)) return nextResolve(specifier, context);
      return resolveFromFirst(parents, resolveFrom, () => nextResolve(specifier, context));
    },
    load(url, context, nextLoad) {
      const source = codeByBundle.get(url);
      return source === undefined ? nextLoad(url, context) : { format: "module", source, shortCircuit: true };
    },
  });
}

/** Lets `bundleUrl` be imported without a file behind it. */
export function holdBundleCode(bundleUrl: string, code: string): void {
  codeByBundle.set(bundleUrl, code);
}

/** Once imported, the module lives on without its text. */
export function dropBundleCode(bundleUrl: string): void {
  codeByBundle.delete(bundleUrl);
}

/** The names of the package that files for Airflow's TypeScript SDK import. */
export const AIRFLOW_SDK_NAMES: readonly string[] = ["apache-airflow-ts-sdk", "@apache-airflow/ts-sdk"];

/** What is found in this installation, by the name it has there; null: anything else. */
function ownSpecifier(specifier: string): string | null {
  if (specifier === "tradewind" || specifier.startsWith("tradewind/")) return specifier;
  const name = AIRFLOW_SDK_NAMES.find((one) => specifier === one || specifier.startsWith(`${one}/`));
  return name === undefined ? null : `tradewind/airflow${specifier.slice(name.length)}`;
}

function resolveOwn(specifier: string, context: ResolveHookContext, nextResolve: NextResolve): ResolveFnOutput {
  const packed = ownPackage?.entries[specifier];
  if (packed !== undefined) return { url: packed, format: "module", shortCircuit: true };
  if (!context.conditions.includes("require")) return nextResolve(specifier, { ...context, parentURL: import.meta.url });
  isResolvingOwn = true;
  try {
    return resolveRequired(specifier, import.meta.url);
  } finally {
    isResolvingOwn = false;
  }
}

/** URLs from which the packages of a module are looked up, where that is not its own place. */
function lookupParents(url: string | undefined): readonly string[] | undefined {
  if (url === undefined) return undefined;
  return lookupParentsByBundle.get(url) ?? (ownPackage !== undefined && url.startsWith(ownPackage.url) ? ownPackage.lookupFrom : undefined);
}

/** A bare specifier: neither a path, nor a URL, nor a module of Node. */
function isPackage(specifier: string): boolean {
  return !/^(?:\.{0,2}\/|\.{1,2}$|[a-z][a-z\d+.-]+:)/iu.test(specifier) && !isBuiltin(specifier);
}

/** The default resolution of `require` looks at the module that requires and not at `parentURL`. */
function resolveRequired(specifier: string, parentURL: string): ResolveFnOutput {
  return { url: pathToFileURL(createRequire(parentURL).resolve(specifier)).href, shortCircuit: true };
}

type NextResolve = (specifier: string, context?: Partial<ResolveHookContext>) => ResolveFnOutput;
type Resolve = (parentURL: string) => ResolveFnOutput;

/** The first folder's error is the one to report: it is the author's own project. */
function resolveFromFirst(parents: readonly string[], resolve: Resolve, fallback: () => ResolveFnOutput): ResolveFnOutput {
  let firstError: Error | undefined;
  for (const parent of parents) {
    try {
      return resolve(parent);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      firstError ??= error;
    }
  }
  if (firstError !== undefined) throw firstError;
  return fallback();
}

function isNotFound(error: unknown): error is Error {
  return error instanceof Error && "code" in error && (error.code === "ERR_MODULE_NOT_FOUND" || error.code === "MODULE_NOT_FOUND");
}
