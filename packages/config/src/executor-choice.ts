import { z } from "zod";

/**
 * Names of executors that come with Tradewind. Any other one is a package of the project's, found from its folder.
 */
export const BUILT_IN_EXECUTORS = ["local", "bullmq"] as const;

/** One executor of the installation. */
export interface ExecutorChoice {
  /** What tasks choose it by, and what attempts carry. Unique. */
  name: string;
  /** The package (or file, when it starts with `.` or `/`) that makes it; null: it comes with Tradewind. */
  package: string | null;
  /** For the package alone; Tradewind does not look into it. */
  options: Record<string, unknown>;
}

/** As npm has it, with or without a scope; or a path, relative to the project's folder. */
const packageName = z
  .string()
  .regex(
    /^(@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$|^\.{0,2}\//,
    "expected an executor's name, such as local or bullmq, or the name of an npm package",
  );

const name = z.string().regex(/^[a-z][a-z0-9_.-]*$/, "expected a name of small letters, digits, dashes and underscores, such as local");

const packageChoice = z.strictObject({
  package: packageName,
  name: name.optional(),
  options: z.record(z.string(), z.unknown()).default({}),
});

const choice = z.union([packageName, packageChoice]);

/** A name, a package, or a list of them; always a list when it was read. */
export const oneOrMoreExecutors = z
  .union([choice, z.array(choice).min(1)])
  .transform((value) => (Array.isArray(value) ? value : [value]).map(toChoice));

function toChoice(value: z.output<typeof choice>): ExecutorChoice {
  if (typeof value !== "string") return { name: value.name ?? nameOfPackage(value.package), package: value.package, options: value.options };
  const isBuiltIn = (BUILT_IN_EXECUTORS as readonly string[]).includes(value);
  return { name: isBuiltIn ? value : nameOfPackage(value), package: isBuiltIn ? null : value, options: {} };
}

/** "@acme/fargate" → "fargate"; "./executors/mine.ts" → "mine". */
function nameOfPackage(packageOrPath: string): string {
  const last = packageOrPath.split("/").at(-1)!;
  return /^\.{0,2}\//.test(packageOrPath) ? last.replace(/\.[cm]?[jt]s$/, "") : last;
}

interface ExecutorKeys {
  executor: ExecutorChoice[];
  executors: ExecutorChoice[] | null;
  queues: Record<string, string>;
}

/** What no single key can tell: names that are given twice, and queues that are sent to an executor that is not there. */
export function checkExecutors(config: ExecutorKeys, context: z.RefinementCtx): void {
  const key = config.executors === null ? "executor" : "executors";
  const names = executorsOf(config).map((executor) => executor.name);
  const twice = names.find((one, index) => names.indexOf(one) !== index);
  if (twice !== undefined)
    context.addIssue({ code: "custom", path: [key], message: `"${twice}" is in the list twice; give one of them another \`name\`` });
  for (const [queue, executor] of Object.entries(config.queues)) {
    if (names.includes(executor)) continue;
    const message = `the queue "${queue}" is sent to the executor "${executor}", which is not one of this installation's (${names.join(", ")})`;
    context.addIssue({ code: "custom", path: ["queues"], message });
  }
}

/** The executors of an installation, the default one first: those of `executors`, else of `executor`. */
export function executorsOf(config: Pick<ExecutorKeys, "executor" | "executors">): ExecutorChoice[] {
  return config.executors ?? config.executor;
}
