import { isTradewindError, nearestName, TradewindError } from "@tradewind/core";

interface DefinitionErrorFacts {
  dagId?: string;
  taskId?: string;
  groupId?: string;
  /** Where the author wrote what is wrong, when that is not where the error is thrown. */
  site?: Error;
  cause?: unknown;
}

/** An error about how a DAG file defines a DAG. With a `site`, its stack points at the author's line instead of ours. */
export function definitionError(message: string, facts: DefinitionErrorFacts = {}): TradewindError {
  const { site, cause, ...details } = facts;
  const error = new TradewindError("invalid_dag", message, { details, cause });
  if (site) pointTo(site, error);
  return error;
}

const pointed = new WeakSet<Error>();

/** Gives an error the stack of the place that is to blame, unless it has such a one already. */
function pointTo(site: Error, error: Error): void {
  const frames = site.stack?.split("\n").filter((line) => /^\s+at /.test(line)) ?? [];
  if (frames.length === 0 || pointed.has(error)) return;
  error.stack = `${error.name}: ${error.message}\n${frames.join("\n")}`;
  pointed.add(error);
}

/** Runs checks of something the author wrote at `site`: what they throw points there. */
export function blaming<T>(site: Error, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (isTradewindError(error)) pointTo(site, error);
    throw error;
  }
}

let areSitesLeftOut = false;

/**
 * For processes that run tasks: their files have been loaded and checked elsewhere, and walking the stack for each task of each DAG is most of what a large file costs them. A definition
 * that fails there all the same has the stack of where it was thrown.
 */
export function leaveOutSites(): void {
  areSitesLeftOut = true;
}

/**
 * Marks a place in the author's file. The text is only made when somebody asks for it, but the stack is walked: once, and so not by the constructor of `Error`, which would begin with our own
 * frames.
 */
export function captureSite(above: ((...args: never[]) => unknown) | (abstract new (...args: never[]) => unknown)): Error {
  const site = Object.create(Error.prototype) as Error;
  if (!areSitesLeftOut) Error.captureStackTrace(site, above);
  return site;
}

const TASK_ID = /^[A-Za-z0-9_.-]+$/;
const GROUP_ID = /^[A-Za-z0-9_-]+$/;
const MAX_ID_LENGTH = 250;

/** Airflow's rule for DAG and task ids. */
export function checkId(id: unknown, what: "DAG" | "task", facts: DefinitionErrorFacts = {}): asserts id is string {
  if (typeof id === "string" && id.length > 0 && id.length <= MAX_ID_LENGTH && TASK_ID.test(id)) return;
  throw definitionError(
    `The ${what} id ${show(id)}${inDag(facts)} is not allowed. Use 1 to ${MAX_ID_LENGTH} letters, digits, "_", "-" and ".".`,
    facts,
  );
}

/** As task ids, but without dots: they separate a group from what is in it. */
export function checkGroupId(id: unknown, facts: DefinitionErrorFacts = {}): asserts id is string {
  if (typeof id === "string" && id.length > 0 && id.length <= MAX_ID_LENGTH && GROUP_ID.test(id)) return;
  throw definitionError(
    `The task group id ${show(id)}${inDag(facts)} is not allowed. Use 1 to ${MAX_ID_LENGTH} letters, digits, "_" and "-" (the dot separates a group from its tasks).`,
    facts,
  );
}

function inDag(facts: DefinitionErrorFacts): string {
  return facts.dagId === undefined ? "" : ` in DAG "${facts.dagId}"`;
}

/** A value as it may stand in a message. */
export function show(value: unknown): string {
  if (typeof value === "string") return `"${value}"`;
  if (typeof value === "function") return `the function ${value.name || "(anonymous)"}`;
  if (value === undefined) return "undefined";
  const text = safeJson(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function safeJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}

/** The end of a message about a name that is not known: what was meant, where that is likely, and all there are. */
export function nearestAndAll(name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known);
  const all = `nown are ${known.join(", ")}`;
  return nearest === undefined ? `; k${all}` : `; did you mean "${nearest}"? K${all}`;
}
