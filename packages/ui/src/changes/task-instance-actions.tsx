import { IconCheck, IconEraser, IconNote, IconPlayerSkipForward, IconRefresh, IconX } from "@tabler/icons-react";
import { useState } from "react";
import { usePermissions } from "../api/use-permissions.ts";
import { type Action, ActionMenu } from "./action-menu.tsx";
import { type Asked, ChangeDialog, type Targets } from "./change-dialog.tsx";
import { onlyDag } from "./only-dag.ts";
import { CHANGE_WORDS, counted, type InstanceChange, type InstanceTarget } from "./change-model.ts";

interface TaskInstanceActionsProps {
  /** One instance, all of a mapped task (without `mapIndex`), the tasks of a group, or all that a filter finds. */
  instances: Targets<InstanceTarget>;
  /** In place of the task's id: the name of a group, of an instance. */
  name?: string;
  /** Of one instance: its note now, which is changed. */
  note?: string | null;
  /** How many are buttons; the others are in a menu. Default 2. */
  buttons?: number;
  onDone?: () => void;
}

const ICONS: Readonly<Record<InstanceChange, typeof IconCheck>> = {
  clear: IconEraser,
  retry: IconRefresh,
  success: IconCheck,
  failed: IconX,
  skipped: IconPlayerSkipForward,
  note: IconNote,
};
const CHANGES: readonly InstanceChange[] = ["clear", "success", "failed", "skipped", "retry", "note"];

/** What can be done to task instances by whom is logged in: clear, retry, mark, note. Each shows first what it touches. */
export function TaskInstanceActions({ instances, name, note, buttons = 2, onDone }: TaskInstanceActionsProps) {
  const may = usePermissions();
  const [asked, setAsked] = useState<Asked | null>(null);
  if (!may("task_instances:edit", onlyDag(instances))) return null;
  const title = name ?? titleOf(instances);
  const actions: Action[] = CHANGES.map((change) => {
    const Icon = ICONS[change];
    return {
      label: CHANGE_WORDS[change].menu,
      icon: <Icon size={15} />,
      onClick: () => setAsked({ kind: "instances", change, targets: instances, title, ...(note == null ? {} : { note }) }),
    };
  });
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

function titleOf(instances: Targets<InstanceTarget>): string {
  if ("total" in instances) return counted(instances.total, "task instance");
  const [first] = instances;
  if (instances.length !== 1 || first === undefined) return counted(instances.length, "task instance");
  return first.mapIndex === undefined || first.mapIndex < 0 ? first.taskId : `${first.taskId} [${first.mapIndex}]`;
}
