import { TradewindError } from "@tradewind/core";
import type { Executor } from "./port.ts";

/** What an executor that is a package of its own is made with. */
export interface ExecutorSettings {
  /** The name under which the installation has it; the executor must carry it. */
  name: string;
  /** `options` of its entry in the config file, as they were written there: check them, and throw when one is wrong. Default `{}`. */
  options: Readonly<Record<string, unknown>>;
  /** Folder of the installation (`TRADEWIND_HOME`), for what the executor keeps on this machine. */
  home: string;
}

/**
 * What the package of an executor exports as `createExecutor`, or as its default. It makes the executor and touches nothing else: connections are opened by `start`.
 *
 * @example
 * export const createExecutor: ExecutorFactory = ({ name, options }) => new MyExecutor(name, readOptions(options));
 */
export type ExecutorFactory = (settings: ExecutorSettings) => Executor | Promise<Executor>;

const METHODS = ["start", "submit", "cancel", "adopt", "capacity", "stop"] as const satisfies readonly (keyof Executor)[];

/**
 * The factory that a module exports.
 * @param from What was loaded, for the error: a package's name.
 * @throws TradewindError `invalid_config` that says what the module exports instead
 */
export function executorFactoryOf(module: Readonly<Record<string, unknown>>, from: string): ExecutorFactory {
  const factory = module["createExecutor"] ?? module["default"];
  if (typeof factory === "function") return factory as ExecutorFactory;
  const names = Object.keys(module);
  throw new TradewindError(
    "invalid_config",
    `"${from}" is no executor: it exports ${names.length === 0 ? "nothing" : names.join(", ")}, and must export a function createExecutor (or a function as its default) that gives one. See docs/executors.md.`,
  );
}

/**
 * What a factory gave, checked against the port: what is missing would otherwise be noticed with the first task that needs it.
 * @throws TradewindError `invalid_config` that names what is missing
 */
export function checkExecutor(value: unknown, { name, from }: { name: string; from: string }): Executor {
  const executor = value as Partial<Executor> | null;
  if (typeof executor !== "object" || executor === null) {
    throw new TradewindError("invalid_config", `createExecutor of "${from}" gave ${executor === null ? "null" : typeof executor}, not an executor.`);
  }
  const missing = METHODS.filter((method) => typeof executor[method] !== "function");
  if (missing.length > 0) {
    throw new TradewindError(
      "invalid_config",
      `The executor of "${from}" lacks ${missing.map((method) => `${method}()`).join(", ")}. An executor has ${METHODS.map((method) => `${method}()`).join(", ")} and a name; see docs/executors.md.`,
    );
  }
  if (executor.name === name) return executor as Executor;
  throw new TradewindError(
    "invalid_config",
    `The executor of "${from}" is called ${JSON.stringify(executor.name)}, and must carry the name "${name}" that createExecutor was given: tasks and attempts know it by that.`,
  );
}
