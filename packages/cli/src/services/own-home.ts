import { join } from "node:path";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";
import { type Owner, takeOwnerFile } from "./owner-file.ts";

/**
 * One `standalone` for each home: it stops the runner host of its home when it stops, and a second one would take the running tasks of the first with it.
 * @returns gives the home back
 * @throws CliError when another one has it
 */
export async function takeHome(home: string): Promise<() => void> {
  const taken = await takeOwnerFile(join(home, "run", "standalone.json"));
  if ("owner" in taken) throw takenError(home, taken.owner);
  return taken.release;
}

function takenError(home: string, { pid }: Owner): CliError {
  return new CliError("invalid_config", `Tradewind is running already in ${home}, as process ${pid}.`, {
    exitCode: EXIT.usage,
    hint: "Stop it first, or give this one a home of its own with TRADEWIND_HOME.",
  });
}
