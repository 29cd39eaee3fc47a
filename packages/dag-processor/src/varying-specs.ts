import type { DagWarning, RecordedDagFile } from "@tradewind/engine";
import type { DagFileLoad, InputFingerprint, LoadedDag } from "@tradewind/loader";
import { type SpecDifference, specDifferences } from "./spec-differences.ts";

type Loaded = Extract<DagFileLoad, { ok: true }>;

/** How many differences a warning names. */
const NAMED_DIFFERENCES = 3;
const SHOWN_LENGTH = 100;

/** Whether a file was loaded from the same sources: then what it defines should be the same too. */
export function haveSameContent(before: readonly InputFingerprint[], now: readonly InputFingerprint[]): boolean {
  if (before.length !== now.length) return false;
  const hashes = new Map(before.map((input) => [input.path, input.sha256]));
  return now.every((input) => hashes.has(input.path) && hashes.get(input.path) === input.sha256);
}

/**
 * Whether the same code gave other specs than before, or the same sources other DAGs.
 * @param before what the file was loaded from the last time; null: not known, or by another release or under other settings, by which specs may differ
 */
export function isSuspicious(
  { changed, stale }: RecordedDagFile,
  before: readonly InputFingerprint[] | null,
  now: readonly InputFingerprint[],
): boolean {
  if (before === null) return false;
  if (changed.some(({ previousSpecJson }) => previousSpecJson !== undefined)) return true;
  return stale.length > 0 && changed.length > 0 && haveSameContent(before, now);
}

/**
 * What differs between two loads of the same source, as warnings. The second load is made only now, so a file that always defines the same costs nothing.
 *
 * When the two loads are equal, the load is compared with what was stored: the value may change with the day, the machine or the environment, and not from one moment to the next.
 */
export function varyingSpecWarnings(load: Loaded, again: Loaded, recorded: RecordedDagFile): DagWarning[] {
  const second = new Map(again.dags.map((dag) => [dag.dagId, dag]));
  const previous = new Map(recorded.changed.map(({ dagId, previousSpecJson }) => [dagId, previousSpecJson]));
  return load.dags.flatMap((dag): DagWarning[] => {
    const message = messageFor(dag, again, second.get(dag.dagId), previous.get(dag.dagId));
    return message === null ? [] : [{ dagId: dag.dagId, warningType: "runtime varying value", message }];
  });
}

function messageFor(dag: LoadedDag, again: Loaded, second: LoadedDag | undefined, previousSpecJson: string | undefined): string | null {
  if (second === undefined) {
    const others = again.dags.map(({ dagId }) => `"${dagId}"`).join(", ") || "no DAG";
    return `Two loads of the same source define other DAGs: "${dag.dagId}" in one, ${others} in the other. ${ADVICE}`;
  }
  if (second.specSha256 !== dag.specSha256) {
    const what = named(specDifferences(dag.spec, second.spec, NAMED_DIFFERENCES + 1), "in one", "in the other");
    return `Two loads of the same source give different specs: ${what}. ${ADVICE}`;
  }
  if (previousSpecJson === undefined) return null;
  const what = named(specDifferences(JSON.parse(previousSpecJson), dag.spec, NAMED_DIFFERENCES + 1), "before", "now");
  return `The same source gives another spec than it did before: ${what}. What changes with the day, the environment or the machine belongs into a task; a file that is read while the DAG file is loaded belongs into an import, which makes it part of the source.`;
}

const ADVICE =
  "Each difference makes a new version of the DAG, and a task whose id varies is not found when it is to run. Move what depends on the clock or on chance into a task.";

function named(differences: readonly SpecDifference[], one: string, other: string): string {
  const shown = differences
    .slice(0, NAMED_DIFFERENCES)
    .map((difference) => `${difference.path} is ${show(difference.one)} ${one} and ${show(difference.other)} ${other}`);
  return shown.join("; ") + (differences.length > NAMED_DIFFERENCES ? "; and more" : "");
}

function show(value: unknown): string {
  const text = value === undefined ? "nothing" : JSON.stringify(value);
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text;
}
