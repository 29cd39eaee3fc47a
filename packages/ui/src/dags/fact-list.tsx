import type { ReactNode } from "react";
import classes from "./fact-list.module.css";

export type Fact = readonly [name: string, value: ReactNode];

/** Names and values; those without a value (null) are left out. */
export function FactList({ facts }: { facts: readonly Fact[] }) {
  return (
    <dl className={classes["list"]}>
      {facts.map(
        ([name, value]) =>
          value !== null && (
            <div key={name} className={classes["fact"]}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ),
      )}
    </dl>
  );
}
