import type { ReactNode } from "react";
import classes from "./home.module.css";

/** A part of the first page: its name, what leads further, and what it is about. */
export function Panel({ title, count, aside, children }: { title: string; count?: number | undefined; aside?: ReactNode; children: ReactNode }) {
  return (
    <section className={classes["panel"]} aria-label={title}>
      <header className={classes["head"]}>
        <h2 className={classes["title"]}>
          {title}
          {count !== undefined && count > 0 && <span className={classes["count"]}>{count.toLocaleString("en")}</span>}
        </h2>
        {aside}
      </header>
      {children}
    </section>
  );
}
