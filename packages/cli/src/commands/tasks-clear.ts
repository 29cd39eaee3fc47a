import { createInterface } from "node:readline/promises";
import { clientContext } from "../client/client-context.ts";
import { type TaskInstanceResource, taskName } from "../client/resources.ts";
import { path } from "../client/rest-client.ts";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";
import type { Output } from "../output/output.ts";
import type { ClearTaskOptions } from "../program/task-commands.ts";

interface Touched {
  task_instances: TaskInstanceResource[];
  total_entries: number;
}

export async function clearTasks(dagId: string, options: ClearTaskOptions): Promise<number> {
  const { client, output } = clientContext(options);
  const url = path`/api/v2/dags/${dagId}/clearTaskInstances`;
  const body = {
    dag_run_id: options.run ?? null,
    task_ids: options.task ?? null,
    start_date: options.start?.toISOString() ?? null,
    end_date: options.end?.toISOString() ?? null,
    only_failed: options.onlyFailed ?? false,
    only_running: options.onlyRunning ?? false,
    include_upstream: options.upstream ?? false,
    include_downstream: options.downstream ?? false,
    include_future: options.future ?? false,
    include_past: options.past ?? false,
    reset_dag_runs: true,
    ...(options.note === undefined ? {} : { note: options.note }),
  };
  const preview = await client.send<Touched>("POST", url, { ...body, dry_run: true });
  const count = preview.task_instances.length;
  if (count === 0 || options.dryRun === true) {
    show(preview, output);
    return EXIT.ok;
  }
  if (options.yes !== true) {
    if (output.err.columns === null || !process.stdin.isTTY) {
      throw new CliError("invalid_request", `${count} task instances would run again, and nobody can be asked.`, {
        exitCode: EXIT.usage,
        hint: "Add --yes to clear them, or --dry-run to see them.",
      });
    }
    show(preview, output);
    if (!(await confirm(`Let ${count === 1 ? "this task instance" : `these ${count} task instances`} run again?`))) {
      output.note("Nothing was cleared.");
      return EXIT.failed;
    }
  }
  const cleared = await client.send<Touched>("POST", url, { ...body, dry_run: false });
  output.done(`Cleared ${cleared.task_instances.length} task instance${cleared.task_instances.length === 1 ? "" : "s"}.`, cleared.task_instances);
  return EXIT.ok;
}

function show(touched: Touched, output: Output): void {
  output.list(
    touched.task_instances,
    [
      { title: "RUN", value: (instance) => instance.dag_run_id },
      { title: "TASK", value: (instance) => taskName(instance) },
      { title: "STATE", value: (instance) => output.state(instance.state) },
    ],
    { none: "No task instance fits." },
  );
}

async function confirm(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `)).trim());
  } finally {
    lines.close();
  }
}
