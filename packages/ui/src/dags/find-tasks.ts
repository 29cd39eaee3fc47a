import type { Grid } from "../api/read-models.ts";

/** Ids of groups and tasks that have all the words in their id or name: those that begin with the text first, then as the grid has them. */
export function findTasks({ tasks, groups }: Pick<Grid, "tasks" | "groups">, text: string, most: number): string[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const all = [
    ...groups.map((group) => ({ id: group.group_id, name: group.display_name })),
    ...tasks.map((task) => ({ id: task.task_id, name: task.display_name })),
  ];
  const found = all.filter(({ id, name }) => {
    const searched = `${id} ${name}`.toLowerCase();
    return words.every((word) => searched.includes(word));
  });
  const first = words[0] ?? "";
  const begins = (id: string) => id.toLowerCase().startsWith(first) || id.toLowerCase().includes(`.${first}`);
  return [...found.filter(({ id }) => begins(id)), ...found.filter(({ id }) => !begins(id))].slice(0, most).map(({ id }) => id);
}
