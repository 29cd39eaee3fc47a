import { createRequire, registerHooks } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { BUILT_IN_EXECUTORS } from "@tradewind/config";
import { errorMessage, nearestName } from "@tradewind/core";
import { checkExecutor, type Executor, executorFactoryOf } from "@tradewind/executor";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";

const IMPORT_CONDITIONS = ["node", "import", "module-sync"];

interface PackageChoice {
  name: string;
  package: string;
  options: Record<string, unknown>;
}

/** Loads the package of an executor, as it is found from the project's folder, and makes the executor. It runs in this process: it belongs to the people who operate the installation. */
export async function loadExecutorPackage(choice: PackageChoice, place: { home: string; projectFolder: string }): Promise<Executor> {
  const { name, package: from, options } = choice;
  const module = await importFrom(from, place.projectFolder);
  try {
    const made: unknown = await executorFactoryOf(module, from)({ name, options, home: place.home });
    return checkExecutor(made, { name, from });
  } catch (error) {
    throw new CliError("invalid_config", `The executor "${name}" cannot be used: ${errorMessage(error)}`, { exitCode: EXIT.usage, cause: error });
  }
}

async function importFrom(specifier: string, folder: string): Promise<Record<string, unknown>> {
  const url = pathToFileURL(resolveFrom(specifier, folder)).href;
  try {
    return (await import(url)) as Record<string, unknown>;
  } catch (error) {
    throw unloadable(specifier, error);
  }
}

/** `require` can resolve from any folder, and is told here to find what `import` would. */
function resolveFrom(specifier: string, folder: string): string {
  const hooks = registerHooks({ resolve: (given, context, next) => next(given, { ...context, conditions: IMPORT_CONDITIONS }) });
  try {
    return createRequire(join(folder, "tradewind.config.js")).resolve(specifier);
  } catch (error) {
    throw notFound(specifier, folder, error);
  } finally {
    hooks.deregister();
  }
}

function notFound(specifier: string, folder: string, cause: unknown): CliError {
  const nearest = nearestName(specifier, BUILT_IN_EXECUTORS);
  const known = `Tradewind itself has ${BUILT_IN_EXECUTORS.join(" and ")}${nearest === undefined ? "" : `; did you mean "${nearest}"?`}`;
  const isPath = /^\.{0,2}\//.test(specifier);
  return new CliError(
    "executor_not_found",
    `There is no executor "${specifier}": ${isPath ? "no such file" : "no package of that name"} is found from ${folder}. ${known}`,
    {
      exitCode: EXIT.usage,
      hint: isPath
        ? "Paths are relative to the project's folder."
        : `Install the package there (npm install ${specifier}), or correct \`executor\` in the configuration.`,
      cause,
    },
  );
}

function unloadable(specifier: string, cause: unknown): CliError {
  return new CliError("invalid_config", `The executor "${specifier}" cannot be loaded: ${errorMessage(cause)}`, {
    exitCode: EXIT.usage,
    hint: "TRADEWIND_DEBUG=1 shows where.",
    cause,
  });
}
