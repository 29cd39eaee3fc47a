import { Link } from "@tanstack/react-router";
import type { HomePool } from "../api/home.ts";
import { Panel } from "./panel.tsx";
import classes from "./home.module.css";

/** Pools with few slots left. */
export function PoolsPanel({ pools }: { pools: readonly HomePool[] }) {
  return (
    <Panel title="Pools near full">
      {pools.length === 0 ? (
        <p className={classes["none"]}>Every pool has open slots.</p>
      ) : (
        <ul className={classes["rows"]}>
          {pools.map(({ name, slots, used, waiting }) => {
            const isFull = used >= slots;
            return (
              <li key={name} className={classes["row"]}>
                <div className={classes["grow"]}>
                  <div className={classes["line"]}>
                    <Link to="/pools" className={classes["subject"]}>
                      {name}
                    </Link>
                    <span className={classes["small"]}>
                      {used.toLocaleString("en")} of {slots.toLocaleString("en")} slots{isFull ? ", full" : ""}
                      {waiting > 0 && ` · ${waiting.toLocaleString("en")} waiting`}
                    </span>
                  </div>
                  <div
                    className={classes["track"]}
                    data-full={isFull || undefined}
                    role="progressbar"
                    aria-valuemin={0}
                    aria-valuemax={Math.max(slots, used)}
                    aria-valuenow={used}
                    aria-label={`Slots of pool ${name} in use`}
                  >
                    <span style={{ width: `${slots === 0 ? 100 : Math.min(100, (used / slots) * 100)}%` }} />
                  </div>
                </div>
              </li>
            );
          })}
        </ul>
      )}
    </Panel>
  );
}
