import { Group, Title } from "@mantine/core";
import type { ReactNode } from "react";
import classes from "./list-page.module.css";

/** A page that is one list, of the height of the window: its name, and the list below that scrolls by itself. */
export function ListPage({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  return (
    <div className={classes["page"]}>
      <Group className={classes["heading"]} justify="space-between" gap="sm">
        <Title order={1}>{title}</Title>
        {aside}
      </Group>
      {children}
    </div>
  );
}
