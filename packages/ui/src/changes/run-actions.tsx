import { IconCheck, IconClockPlay, IconEraser, IconNote, IconPlayerPlay, IconRefresh, IconTrash, IconX } from "@tabler/icons-react";
import { useState } from "react";
import { usePermissions } from "../api/use-permissions.ts";
import { type Action, ActionMenu } from "./action-menu.tsx";
import { type Asked, ChangeDialog, type Targets } from "./change-dialog.tsx";
import { onlyDag } from "./only-dag.ts";
import { CHANGE_WORDS, counted, type RunChange, type RunTarget } from "./change-model.ts";

interface RunActionsProps {
  /** One run, several, or all that a filter finds. */
  runs: Targets<RunTarget>;
  /** Of one run: its note now, which is changed. */
  note?: string | null;
  /** How many are buttons; the others are in a menu. Default 2. */
  buttons?: number;
  /** After something was done. */
  onDone?: () => void;
  /** Runs the DAG again with the params of this run; absent: not offered. */
  onRunAgain?: () => void;
}

const ICONS: Readonly<Record<RunChange, typeof IconCheck>> = {
  clear: IconEraser,
  retry: IconRefresh,
  success: IconCheck,
  failed: IconX,
  queued: IconClockPlay,
  note: IconNote,
  delete: IconTrash,
};
const CHANGES: readonly RunChange[] = ["clear", "retry", "success", "failed", "queued", "note", "delete"];

/** What can be done to runs by whom is logged in: clear, retry, mark, queue, note, delete. Each shows first what it touches. */
export function RunActions({ runs, note, buttons = 2, onDone, onRunAgain }: RunActionsProps) {
  const may = usePermissions();
  const [asked, setAsked] = useState<Asked | null>(null);
  const title = titleOf(runs);
  const actions: Action[] = CHANGES.filter((change) => may(change === "delete" ? "dag_runs:delete" : "dag_runs:edit", onlyDag(runs))).map(
    (change) => {
      const Icon = ICONS[change];
      return {
        label: CHANGE_WORDS[change].menu,
        icon: <Icon size={15} />,
        isDangerous: change === "delete",
        onClick: () => setAsked({ kind: "runs", change, targets: runs, title, ...(note == null ? {} : { note }) }),
      };
    },
  );
  if (onRunAgain !== undefined && may("dag_runs:create", onlyDag(runs))) {
    actions.splice(2, 0, { label: "Run again with the same params", icon: <IconPlayerPlay size={15} />, onClick: onRunAgain });
  }
  return (
    <>
      <ActionMenu actions={actions} buttons={buttons} label={`Actions on ${title}`} />
      {asked !== null && (
        <ChangeDialog
          asked={asked}
          onClose={(isDone) => {
            setAsked(null);
            if (isDone) onDone?.();
          }}
        />
      )}
    </>
  );
}

function titleOf(runs: Targets<RunTarget>): string {
  if ("total" in runs) return counted(runs.total, "run");
  return runs.length === 1 ? `the run ${runs[0]!.runId}` : counted(runs.length, "run");
}
