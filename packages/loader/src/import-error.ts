/**
 * Why a DAG file gave no DAGs. An import error is data, not an exception: it is stored, shown with its code frame, and goes away when the file is mended.
 *
 * - `unreadable`: the file could not be read.
 * - `syntax`: TypeScript, JavaScript, JSON or YAML that does not parse.
 * - `unresolved_import`: a relative import names no file, or a file of a kind that cannot be imported.
 * - `missing_package`: a package that is not installed where the DAG file can see it.
 * - `throw`: the file's own code threw while it was loaded, at once or a moment later.
 * - `unhandled_rejection`: a promise nobody waited for was rejected while the file was loaded.
 * - `invalid_dag`: a DAG was defined in a way that is not allowed.
 * - `too_large`: the bundle or the DAG spec is larger than allowed.
 * - `timeout`, `out_of_memory`, `exit`, `crash`: what the loader child met while it ran the file.
 */
export const DAG_IMPORT_ERROR_KINDS = [
  "unreadable",
  "syntax",
  "unresolved_import",
  "missing_package",
  "throw",
  "unhandled_rejection",
  "invalid_dag",
  "too_large",
  "timeout",
  "out_of_memory",
  "exit",
  "crash",
] as const;
export type DagImportErrorKind = (typeof DAG_IMPORT_ERROR_KINDS)[number];

export interface DagImportError {
  kind: DagImportErrorKind;
  /** What happened and what to do, in one or a few lines. */
  message: string;
  /** The author's file, relative to the DAG folder, with `/`. The DAG file itself when nothing nearer is known. */
  file: string;
  /** From 1; null: not known. */
  line: number | null;
  /** From 1; null: not known. */
  column: number | null;
  /** The source around the place, see `codeFrame`; null when no place is known. */
  frame: string | null;
  /** The stack in terms of the author's files; null when there is none. */
  stack: string | null;
  /** The end of what the file printed while it was loaded; null: nothing. */
  output: string | null;
}

/** Kinds whose cause may lie outside the source (a slow network, a busy machine, a server asked at import): worth trying again without an edit. */
export const TRANSIENT_IMPORT_ERROR_KINDS: readonly DagImportErrorKind[] = [
  "unreadable",
  "throw",
  "unhandled_rejection",
  "timeout",
  "out_of_memory",
  "exit",
  "crash",
];

/** What does not keep a file from loading, but its author should know. */
export interface DagFileWarning {
  /**
   * - `no_dag`: the file makes use of Tradewind, but exports no DAG.
   * - `left_running`: timers, sockets or requests went on after the file was loaded.
   * - `import_meta`: the file asks for its own place on disk, which differs where the tasks run.
   * - `foreign_tasks`: the file has handlers for tasks of DAGs that Python files declare.
   */
  kind: "no_dag" | "left_running" | "import_meta" | "foreign_tasks";
  message: string;
}
