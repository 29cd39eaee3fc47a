import type { Command } from "commander";
import { examples, lazily, mapIndex, type ServerOptions, withServer } from "./options.ts";

export interface WhyOptions extends ServerOptions {
  mapIndex?: number;
}

export function addWhyCommand(program: Command): void {
  const load = () => import("../commands/why.ts");
  const why = withServer(
    program
      .command("why <dag-id> [run-id] [task-id]")
      .description("say why something is not running: why a DAG has no new run, a run (or `latest`) does not go on, a task waits or ended as it did"),
  )
    .option("--map-index <index>", "of a mapped task, from 0 (default: the instance that tells most)", mapIndex)
    .action(lazily(load, "why"));
  examples(why, ["why weather_report", "why weather_report latest", "why weather_report latest publish"]);
}
