import type { Command } from "commander";
import { collect, examples, instant, lazily, mapIndex, positiveInteger, type ServerOptions, withServer } from "./options.ts";

export interface TaskLogOptions extends ServerOptions {
  run?: string;
  try?: number;
  mapIndex?: number;
  follow?: boolean;
}

export interface TaskStateOptions extends ServerOptions {
  run?: string;
  mapIndex?: number;
}

export interface ClearTaskOptions extends ServerOptions {
  run?: string;
  task?: string[];
  start?: Date;
  end?: Date;
  onlyFailed?: boolean;
  onlyRunning?: boolean;
  upstream?: boolean;
  downstream?: boolean;
  future?: boolean;
  past?: boolean;
  note?: string;
  dryRun?: boolean;
  yes?: boolean;
}

export function addTaskCommands(program: Command): void {
  const tasks = program.command("tasks").description("tasks and task instances");
  const load = () => import("../commands/tasks.ts");

  const list = withServer(tasks.command("list <dag-id> [run-id]").description("list the task instances of a run (default: the latest)")).action(
    lazily(load, "listTasks"),
  );
  examples(list, ["tasks list weather_report"]);

  withServer(tasks.command("state <dag-id> <task-id>").description("print the state of a task instance"))
    .option("--run <run-id>", "the run (default: the latest)")
    .option("--map-index <number>", "which instance of a mapped task", mapIndex)
    .action(lazily(load, "showTaskState"));

  const logs = withServer(tasks.command("logs <dag-id> <task-id>").description("print the log of a task instance"))
    .option("--run <run-id>", "the run (default: the latest)")
    .option("--map-index <number>", "which instance of a mapped task", mapIndex)
    .option("--try <number>", "which try (default: the latest)", positiveInteger)
    .option("-f, --follow", "go on printing while the task runs")
    .action(lazily(() => import("../commands/task-logs.ts"), "showTaskLogs"));
  examples(logs, ["tasks logs weather_report load_table --follow", "tasks logs weather_report by_year --map-index 2 --output json"]);

  const clear = withServer(tasks.command("clear <dag-id>").description("let task instances run again; shows which ones and asks first"))
    .option("--run <run-id>", "only this run")
    .option("--task <task-id>", "only this task; may be repeated", collect)
    .option("--start <date>", "runs from this logical date on", instant)
    .option("--end <date>", "runs up to this logical date", instant)
    .option("--only-failed", "only failed ones")
    .option("--only-running", "only running ones")
    .option("--upstream", "also what comes before them")
    .option("--downstream", "also what comes after them")
    .option("--future", "also in later runs")
    .option("--past", "also in earlier runs")
    .option("--note <text>", "a note on what is cleared")
    .option("--dry-run", "only show")
    .option("-y, --yes", "do not ask")
    .action(lazily(() => import("../commands/tasks-clear.ts"), "clearTasks"));
  examples(clear, ["tasks clear weather_report --only-failed", "tasks clear weather_report --run my_run --task load_table --downstream --yes"]);
}
