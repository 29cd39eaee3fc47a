import { ActionIcon, Group, Tooltip } from "@mantine/core";
import { IconBinaryTree, IconChevronLeft, IconChevronsRight, IconFold, IconFoldDown, IconTimelineEvent } from "@tabler/icons-react";
import { memo } from "react";
import type { Grid } from "../api/read-models.ts";
import { RunsFilter } from "./runs-filter.tsx";
import { DEFAULT_RUN_LIMIT, type RunsChange, type RunsSearch, type RunsView } from "./runs-search.ts";
import { TaskFinder } from "./task-finder.tsx";
import classes from "./runs-tab.module.css";

interface RunsToolbarProps {
  grid: Grid | undefined;
  search: RunsSearch;
  change: (next: RunsChange) => void;
  /** Graph and Gantt can be beside the grid. */
  hasViews: boolean;
}

/** Above the grid: a task by its name, which runs there are, and all groups at once. */
export const RunsToolbar = memo(function RunsToolbar({ grid, search, change, hasViews }: RunsToolbarProps) {
  const { runs: limit = DEFAULT_RUN_LIMIT, before } = search;
  const oldest = grid?.runs.at(-1);
  const hasOlder = oldest !== undefined && grid!.runs.length === limit;
  const isAllFolded = search.fold === "all" && search.except === undefined;
  return (
    <Group className={classes["bar"]} gap={4} wrap="nowrap">
      <TaskFinder grid={grid} onFind={(task) => change({ task, map: undefined })} />
      <span className={classes["space"]} />
      {grid !== undefined && grid.groups.length > 0 && (
        <Tooltip label={isAllFolded ? "Open all groups" : "Fold all groups"}>
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={isAllFolded ? "Open all groups" : "Fold all groups"}
            onClick={() => change({ fold: isAllFolded ? undefined : "all", except: undefined })}
          >
            {isAllFolded ? <IconFoldDown size={16} /> : <IconFold size={16} />}
          </ActionIcon>
        </Tooltip>
      )}
      <Tooltip label="Older runs">
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label="Older runs"
          disabled={!hasOlder}
          onClick={() => oldest !== undefined && change({ before: oldest.run_after, run: undefined })}
        >
          <IconChevronLeft size={16} />
        </ActionIcon>
      </Tooltip>
      <Tooltip label="Newest runs">
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label="Newest runs"
          disabled={before === undefined}
          onClick={() => change({ before: undefined })}
        >
          <IconChevronsRight size={16} />
        </ActionIcon>
      </Tooltip>
      <RunsFilter search={search} change={change} />
      {hasViews && <ViewButtons view={search.view ?? "both"} onView={(view) => change({ view })} />}
    </Group>
  );
});

/** Each view beside the grid is there or not. */
function ViewButtons({ view, onView }: { view: RunsView; onView: (view: RunsView) => void }) {
  const hasGraph = view === "both" || view === "graph";
  const hasGantt = view === "both" || view === "gantt";
  const buttons = [
    { name: "graph", Icon: IconBinaryTree, isOn: hasGraph, next: viewOf(!hasGraph, hasGantt) },
    { name: "Gantt", Icon: IconTimelineEvent, isOn: hasGantt, next: viewOf(hasGraph, !hasGantt) },
  ] as const;
  return (
    <Group gap={2} wrap="nowrap">
      {buttons.map(({ name, Icon, isOn, next }) => (
        <Tooltip key={name} label={isOn ? `Hide the ${name}` : `Show the ${name}`}>
          <ActionIcon
            variant={isOn ? "light" : "subtle"}
            color={isOn ? "sea" : "gray"}
            aria-pressed={isOn}
            aria-label={`Show the ${name}`}
            onClick={() => onView(next)}
          >
            <Icon size={16} />
          </ActionIcon>
        </Tooltip>
      ))}
    </Group>
  );
}

function viewOf(hasGraph: boolean, hasGantt: boolean): RunsView {
  if (hasGraph) return hasGantt ? "both" : "graph";
  return hasGantt ? "gantt" : "grid";
}
