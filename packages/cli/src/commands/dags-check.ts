import { existsSync } from "node:fs";
import { resolve } from "node:path";
import * as loader from "@tradewind/loader";
import { checkDagsWith } from "tradewind/testing/internal";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";
import { processOutput } from "../output/output.ts";
import type { DagCheckOptions } from "../program/dag-commands.ts";

/** Loads all DAG files of a folder and shows what is wrong with them: in a pipeline, before they are deployed. A warning is no reason to fail. */
export async function checkDagFolder(folder: string | undefined, options: DagCheckOptions): Promise<number> {
  const place = folder ?? "dags";
  if (!existsSync(resolve(place))) {
    throw new CliError("not_found", `There is no folder or file "${place}" in ${process.cwd()}.`, {
      exitCode: EXIT.notFound,
      hint: "Name the folder with the DAG files.",
    });
  }
  const output = processOutput(options.output);
  const { pools, connections, variables } = options;
  const report = await checkDagsWith(loader, place, {
    ...(pools && { pools }),
    ...(connections && { connections }),
    ...(variables && { variables }),
  });
  const { files, dagIds, problems } = report;
  if (output.isJson) output.json(report);
  else {
    for (const { kind, file, line, message } of problems)
      output.out.write(`${output.paint("bold", line === null ? file : `${file}:${line}`)}  ${output.paint("dim", kind)}\n  ${message}\n`);
    output.note(`${count(dagIds, "DAG")} in ${count(files, "file")}, ${problems.length === 0 ? "nothing wrong" : count(problems, "problem")}.`);
  }
  return problems.some(({ kind }) => kind !== "warning") ? EXIT.failed : EXIT.ok;
}

const count = ({ length }: readonly unknown[], what: string): string => `${length} ${what}${length === 1 ? "" : "s"}`;
