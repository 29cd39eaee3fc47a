import type { Command } from "commander";
import { examples, lazily, positiveInteger, type ServerOptions, withServer } from "./options.ts";

export interface RunListOptions extends ServerOptions {
  state?: string;
  limit: number;
}

export function addRunCommands(program: Command): void {
  const load = () => import("../commands/runs.ts");
  const runs = program.command("runs").description("DAG runs");
  const list = withServer(runs.command("list [dag-id]").description("list runs, latest first"))
    .option("--state <state>", "only runs in this state: queued, running, success, failed")
    .option("-n, --limit <number>", "at most so many", positiveInteger, 20)
    .action(lazily(load, "listRuns"));
  examples(list, ["runs list", "runs list weather_report --state failed"]);

  const show = withServer(runs.command("show <dag-id> [run-id]").description("show a run and its task instances (default: the latest run)")).action(
    lazily(load, "showRun"),
  );
  examples(show, ["runs show weather_report", "runs show weather_report manual__2026-01-31T06:00:00+00:00"]);
}
