import { TradewindError } from "@tradewind/core";
import { definitionError } from "../definition-error.ts";
import { type FileLocation, openLocation, type OpenLocation } from "../files/file-location.ts";
import type { FileStore } from "../files/file-store.ts";
import { selectFiles, type SelectedFiles } from "../files/select-files.ts";
import type { NoInputs } from "../inputs.ts";
import { operator, type Operator, renderTemplate, type TemplateContext, type Templated, templateContext } from "../operator.ts";
import type { TaskOptions } from "../task-options.ts";

export type { FileLocation } from "../files/file-location.ts";

const OVERWRITE_RULES = ["fail", "skip", "replace"] as const;

export interface FileTransferOptions<Inputs = NoInputs> extends TaskOptions {
  /** A file; a folder, with a slash at the end; or a pattern: `*` within a name, `**` over folders, `?`, `[…]`, `{a,b}`. */
  source: Templated<FileLocation, Inputs>;
  /** For one file: a file, or with a slash at the end a folder. For several: a folder, in which they keep their places below the source's. */
  destination: Templated<FileLocation, Inputs>;
  /** What to do about files that are there: `"fail"` (default) before anything is copied, `"skip"` them, or `"replace"` them. */
  overwrite?: (typeof OVERWRITE_RULES)[number];
  /** Whether a folder or a pattern may be without files. Default false: then the task fails. */
  allowEmpty?: boolean;
}

export interface FileTransferResult {
  files: { source: string; destination: string; bytes: number }[];
  /** Those that were there and stayed. */
  skipped: string[];
  bytes: number;
}

/**
 * Copies files between disks and object stores, in pieces, so that their size does not matter. A file appears in its place when all of it is there. Airflow's FileTransferOperator, and the
 * transfer operators between S3, GCS, Azure and disks.
 *
 * @example
 * dag.add(fileTransfer("archive", { source: ({ ds }) => `/data/out/${ds}/*.csv`, destination: ({ ds }) => `s3://lake@sales/${ds}/`, overwrite: "replace" }));
 */
export function fileTransfer<Inputs = NoInputs>(taskId: string, options: FileTransferOptions<Inputs>): Operator<Inputs, FileTransferResult> {
  const { source, destination, overwrite = "fail", allowEmpty = false, ...taskOptions } = options;
  if (!OVERWRITE_RULES.includes(overwrite)) {
    throw definitionError(
      `Option "overwrite" of task "${taskId}" is ${JSON.stringify(overwrite)}: it must be one of ${OVERWRITE_RULES.join(", ")}.`,
      { taskId },
    );
  }
  return operator<Inputs, FileTransferResult>(taskId, {
    operator: "file_transfer",
    options: taskOptions,
    handler: async (inputs) => {
      const context = templateContext(inputs);
      const from = await openLocation(await renderTemplate(source, context, "source"));
      const to = await openLocation(await renderTemplate(destination, context, "destination"));
      const selected = await selectFiles(from);
      if (selected.paths.length === 0 && (selected.isSingle || !allowEmpty)) throw await nothingThere(from, selected);
      return copyAll(from.store, to.store, await planCopies(selected, to), overwrite, context);
    },
  });
}

interface PlannedCopy {
  from: string;
  to: string;
}

async function planCopies({ paths, base, isSingle }: SelectedFiles, { store, path }: OpenLocation): Promise<PlannedCopy[]> {
  const isFolder = path === "" || path.endsWith("/") || (await store.stat(path))?.isDirectory === true;
  if (isSingle && !isFolder) return [{ from: paths[0]!, to: path }];
  const folder = path === "" || path.endsWith("/") ? path : `${path}/`;
  return paths.map((from) => ({ from, to: folder + from.slice(base.length) }));
}

async function copyAll(
  source: FileStore,
  destination: FileStore,
  plan: PlannedCopy[],
  overwrite: (typeof OVERWRITE_RULES)[number],
  context: TemplateContext<unknown>,
): Promise<FileTransferResult> {
  const there = overwrite === "replace" ? new Set<string>() : await existing(destination, plan);
  if (overwrite === "fail" && there.size > 0) throw alreadyThere(destination, [...there], context.task.taskId);
  const todo = plan.filter(({ to }) => !there.has(to));
  const result: FileTransferResult = { files: [], skipped: [...there].map((path) => destination.label(path)), bytes: 0 };
  for (const [index, { from, to }] of todo.entries()) {
    const bytes = await copyOne(source, from, destination, to, context);
    context.log.info({ bytes }, `Copied ${source.label(from)} to ${destination.label(to)}`);
    result.files.push({ source: source.label(from), destination: destination.label(to), bytes });
    result.bytes += bytes;
    context.progress({ current: index + 1, total: todo.length });
  }
  context.log.info({ files: result.files.length, skipped: result.skipped.length, bytes: result.bytes }, `Copied ${result.files.length} files`);
  return result;
}

async function existing(store: FileStore, plan: PlannedCopy[]): Promise<Set<string>> {
  const found = new Set<string>();
  for (const { to } of plan) if ((await store.stat(to)) !== undefined) found.add(to);
  return found;
}

async function copyOne(source: FileStore, from: string, destination: FileStore, to: string, { signal }: TemplateContext<unknown>): Promise<number> {
  const expected = (await source.stat(from))?.bytes ?? null;
  const content = untilStopped(source.read(from), signal, (bytes) => {
    // Before the end of the copy, so that a file that was cut short never takes its place.
    if (expected === null || bytes === expected) return;
    throw new TradewindError(
      "task_failed",
      `${source.label(from)} had ${expected} bytes, and ${bytes} were read: it changed while it was copied, or the line was cut. Nothing was written.`,
    );
  });
  return destination.write(to, content);
}

async function* untilStopped(content: AsyncIterable<Uint8Array>, signal: AbortSignal, atEnd: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  signal.throwIfAborted();
  for await (const chunk of content) {
    signal.throwIfAborted();
    bytes += chunk.byteLength;
    yield chunk;
  }
  atEnd(bytes);
}

async function nothingThere({ store, path }: OpenLocation, { isSingle }: SelectedFiles): Promise<TradewindError> {
  if (!isSingle) {
    return new TradewindError("task_failed", `There are no files at ${store.label(path)}. Check the path, or set allowEmpty if there may be none.`);
  }
  const isFolder = (await store.stat(path))?.isDirectory === true;
  const advice = isFolder ? "It is a folder: write a slash at the end to copy what is in it." : "Check the path; a sensor can wait for it.";
  return new TradewindError("task_failed", `There is no file ${store.label(path)}. ${advice}`);
}

function alreadyThere(store: FileStore, paths: string[], taskId: string): TradewindError {
  const shown = paths.slice(0, 5).map((path) => store.label(path));
  return new TradewindError(
    "task_failed",
    `Task "${taskId}" would overwrite ${paths.length === 1 ? "a file" : `${paths.length} files`}: ${shown.join(", ")}${paths.length > 5 ? " …" : ""}. Nothing was copied. Set overwrite to "replace" or "skip", or choose another destination.`,
  );
}
