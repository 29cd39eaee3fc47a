import type { Command } from "commander";
import {
  collect,
  examples,
  instant,
  jsonObject,
  lazily,
  list as names,
  type OutputOptions,
  positiveInteger,
  type ServerOptions,
  withOutput,
  withServer,
} from "./options.ts";

export interface DagListOptions extends ServerOptions {
  tags?: string[];
  paused?: boolean;
  active?: boolean;
  pattern?: string;
}

export interface TriggerOptions extends ServerOptions {
  conf?: Record<string, unknown>;
  logicalDate?: Date;
  runId?: string;
  note?: string;
  drain?: boolean;
  wait?: boolean;
  timeout?: number;
}

export interface DagTestOptions extends OutputOptions {
  conf?: Record<string, unknown>;
  logicalDate?: Date;
  task?: string[];
  settings?: string;
  dag?: string;
}

export interface DagCheckOptions extends OutputOptions {
  pools?: string[];
  connections?: string[];
  variables?: string[];
}

export interface NextOptions extends ServerOptions {
  count: number;
}

export function addDagCommands(program: Command): void {
  const load = () => import("../commands/dags.ts");
  const dags = program.command("dags").description("DAGs: list, trigger, pause, drain, test");

  const list = withServer(dags.command("list").description("list DAGs"))
    .option("--tags <tag>", "only DAGs with this tag; may be repeated", collect)
    .option("--pattern <text>", "only DAGs whose id has this text; % matches anything, _ any character")
    .option("--paused", "only paused DAGs")
    .option("--active", "only DAGs that are not paused")
    .action(lazily(load, "listDags"));
  examples(list, ["dags list", "dags list --tags sales --output json"]);

  const show = withServer(dags.command("show <dag-id>").description("show a DAG and its tasks")).action(lazily(load, "showDag"));
  examples(show, ["dags show weather_report"]);

  const trigger = withServer(dags.command("trigger <dag-id>").description("start a run"))
    .option("--conf <json>", "params of the run, as a JSON object", jsonObject)
    .option("--logical-date <date>", "the run's date (default: now)", instant)
    .option("--run-id <id>", "id of the run (default: made from the date)")
    .option("--note <text>", "a note on the run")
    .option("--drain", "have the DAG drain: it pauses itself when this run and all others have ended; a paused DAG runs this one")
    .option("--wait", "wait until the run has ended; the exit code is 1 when it failed")
    .option("--timeout <seconds>", "with --wait: give up waiting after so long, with exit code 1", positiveInteger)
    .action(lazily(() => import("../commands/dags-trigger.ts"), "triggerDag"));
  examples(trigger, ["dags trigger weather_report --wait", `dags trigger hello --conf '{"name": "Ada"}'`]);

  withServer(dags.command("pause <dag-id...>").description("stop creating runs of DAGs; running ones go on")).action(lazily(load, "pauseDags"));
  withServer(dags.command("unpause <dag-id...>").description("create runs of DAGs again")).action(lazily(load, "unpauseDags"));
  const drain = withServer(
    dags.command("drain <dag-id...>").description("create no more runs of DAGs, and pause each when its runs have ended"),
  ).action(lazily(load, "drainDags"));
  examples(drain, ["dags drain weather_report"]);

  const next = withServer(dags.command("next <dag-id>").description("show when the next runs are due"))
    .option("-n, --count <number>", "how many", positiveInteger, 5)
    .action(lazily(() => import("../commands/dags-next.ts"), "showNextRuns"));
  examples(next, ["dags next weather_report -n 10"]);

  withServer(
    dags.command("errors").description("show the DAG files that do not load, with file, line and code; exit code 1 when there are any"),
  ).action(lazily(load, "showImportErrors"));

  withServer(dags.command("warnings").description("show what is wrong with DAGs and does not keep them from running")).action(
    lazily(() => import("../commands/dags-warnings.ts"), "showDagWarnings"),
  );

  const schema = dags
    .command("yaml-schema")
    .description("print the JSON schema of YAML DAGs, for editors")
    .action(lazily(() => import("../commands/dags-yaml-schema.ts"), "printYamlSchema"));
  examples(schema, ["dags yaml-schema > dag.schema.json"]);

  const check = withOutput(
    dags
      .command("check [folder]")
      .description("load every DAG file of a folder, without a server, and show what is wrong; exit code 1 when something is"),
  )
    .option("--pools <names>", "the installation's pools, with commas between: a task that names another one is a problem", names)
    .option("--connections <ids>", "the same for its connections", names)
    .option("--variables <keys>", "the same for its variables", names)
    .addHelpText("after", "\nThe folder is `dags` unless given. Tests do the same by checkDags of tradewind/testing.")
    .action(lazily(() => import("../commands/dags-check.ts"), "checkDagFolder"));
  examples(check, ["dags check", "dags check dags --pools warehouse --connections shop,alerts"]);

  const test = withOutput(dags.command("test <file-or-id>").description("run a whole DAG in this process: no server, no database, no schedule"))
    .option("--dag <id>", "which DAG of the file, when it has several")
    .option("--conf <json>", "params of the run, as a JSON object", jsonObject)
    .option("--logical-date <date>", "the run's date (default: now)", instant)
    .option("--task <id>", "only this task, with the results of what it needs; may be repeated", collect)
    .option("--settings <file>", "a JSON file with `variables` and `connections`")
    .addHelpText(
      "after",
      "\nVariables come from TRADEWIND_VAR_<KEY>, connections from TRADEWIND_CONN_<ID> (a URL, or JSON), or from --settings.\nRetries happen at once; the delays between them are left out.",
    )
    .action(lazily(() => import("../local-run/dags-test.ts"), "testDag"));
  examples(test, ["dags test dags/daily_sales.ts", `dags test hello --conf '{"name": "Ada"}'`]);
}
