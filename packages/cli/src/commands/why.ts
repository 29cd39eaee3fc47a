import { clientContext } from "../client/client-context.ts";
import { getRun } from "../client/find-runs.ts";
import { path } from "../client/rest-client.ts";
import { displayWidth, plainLine } from "../output/display-width.ts";
import type { Output } from "../output/output.ts";
import { relativeTime, showDuration } from "../output/times.ts";
import type { WhyOptions } from "../program/why-command.ts";

interface Subject {
  dag_id: string;
  dag_run_id: string | null;
  task_id: string | null;
  map_index: number | null;
  state: string | null;
}

interface Cause {
  code: string;
  sentence: string;
  unblock: string | null;
  at: string | null;
  since: string | null;
  about: Subject | null;
  count: number;
  because: Cause[];
}

interface Why {
  subject: Subject;
  status: "waiting" | "running" | "ended";
  summary: string;
  causes: Cause[];
}

/** Says why a DAG has no run, a run does not go on, or a task does not run: the chain of causes, each with what would set it free. */
export async function why(dagId: string, runId: string | undefined, taskId: string | undefined, options: WhyOptions): Promise<void> {
  const { client, output } = clientContext(options);
  const run = runId === "latest" ? (await getRun(client, dagId, undefined)).dag_run_id : runId;
  const answer = await client.get<Why>(addressOf(dagId, run, taskId, options.mapIndex));
  if (output.isJson) return output.json(answer);
  const now = new Date();
  output.out.write(`${heading(answer, output)}\n`);
  const lines = answer.causes.flatMap((cause) => linesOf(cause, 0, now));
  const width = Math.max(...lines.map((line) => line.code.length));
  for (const { code, indent, text, isRemark } of lines) {
    const left = width + 4 + indent;
    const [first, ...rest] = wrap(plainLine(text), (output.out.columns ?? Number.POSITIVE_INFINITY) - left);
    const shown = (part: string): string => (isRemark ? output.paint("dim", part) : part);
    output.out.write(`  ${output.paint("dim", code.padEnd(width))}  ${" ".repeat(indent)}${shown(first!)}\n`);
    for (const part of rest) output.out.write(`${" ".repeat(left)}${shown(part)}\n`);
  }
}

const MIN_WIDTH = 24;

/** Lines of words that are not wider, as far as words let them. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && displayWidth(last) + 1 + displayWidth(word) <= Math.max(width, MIN_WIDTH)) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function addressOf(dagId: string, runId: string | undefined, taskId: string | undefined, mapIndex: number | undefined): string {
  if (runId === undefined) return path`/ui/why/${dagId}`;
  if (taskId === undefined) return path`/ui/why/${dagId}/${runId}`;
  return mapIndex === undefined ? path`/ui/why/${dagId}/${runId}/${taskId}` : path`/ui/why/${dagId}/${runId}/${taskId}/${mapIndex}`;
}

function heading({ subject, status }: Why, output: Output): string {
  const { dag_id, dag_run_id, task_id, state } = subject;
  const name = [dag_id, dag_run_id, task_id === null ? null : nameOf(subject)].filter((part) => part !== null).join("  ");
  const { text, style = null } = output.state(state);
  const isOfDag = dag_run_id === null;
  return `${output.paint("bold", name)}  ${isOfDag ? "" : output.paint(style, text)}${isOfDag || status === "ended" || status === state ? "" : `, ${status}`}`.trimEnd();
}

function nameOf({ task_id: taskId, map_index: mapIndex }: Subject): string {
  return mapIndex === null || mapIndex < 0 ? (taskId ?? "") : `${taskId}[${mapIndex}]`;
}

const ENDS = /^(succeeded|failed|upstream_failed|skipped|branch_not_followed|removed|run_(timed_out|deadlocked|marked|ended)|schedule_over)$/;

/** When it is over; of what goes on, how long it has done so; of an end, how long ago it was. */
function whenOf({ code, at, since }: Cause, now: Date): string {
  if (at !== null) return ` (${relativeTime(at, now)})`;
  if (since === null) return "";
  return ENDS.test(code) ? ` (${relativeTime(since, now)})` : ` (for ${showDuration((now.getTime() - Date.parse(since)) / 1000)})`;
}

interface Line {
  code: string;
  indent: number;
  text: string;
  isRemark: boolean;
}

function linesOf(cause: Cause, indent: number, now: Date): Line[] {
  const { code, sentence, unblock, about, count, because } = cause;
  const who = about === null ? "" : `${nameOf(about)}${count > 1 ? ` and ${count - 1} more` : ""}: `;
  const when = whenOf(cause, now);
  const remark = unblock === null ? [] : [{ code: "", indent: indent + 2, text: `→ ${unblock}`, isRemark: true }];
  return [{ code, indent, text: `${who}${sentence}${when}`, isRemark: false }, ...remark, ...because.flatMap((one) => linesOf(one, indent + 2, now))];
}
