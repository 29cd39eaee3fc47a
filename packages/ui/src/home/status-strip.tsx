import { IconAlertTriangleFilled, IconCircleCheckFilled, IconCircleDashed } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Home, HomeComponent } from "../api/home.ts";
import { Distance } from "../time/instant.tsx";
import { COMPONENT_NAMES } from "./attention.ts";
import classes from "./home.module.css";

const SIGNS = {
  healthy: { Icon: IconCircleCheckFilled, word: "healthy" },
  unhealthy: { Icon: IconAlertTriangleFilled, word: "not healthy" },
  idle: { Icon: IconCircleDashed, word: "none" },
} as const;

/** Each part of the installation, and whether it is well. */
export function Components({ components }: { components: readonly HomeComponent[] }) {
  return (
    <ul className={classes["components"]} aria-label="Parts of the installation">
      {components.map(({ id, status, detail, last_heartbeat: beat }) => {
        const { Icon, word } = SIGNS[status];
        return (
          <li key={id} className={classes["component"]} data-status={status}>
            <Icon size={18} aria-label={word} className={classes["sign"]} />
            <div>
              <div className={classes["name"]}>{COMPONENT_NAMES[id]}</div>
              <div className={classes["small"]}>
                {beat === null ? (
                  detail
                ) : (
                  <>
                    {status === "healthy" ? "heard of" : "last heard of"} <Distance at={beat} />
                  </>
                )}
              </div>
            </div>
          </li>
        );
      })}
    </ul>
  );
}

/** What there is just now, each figure leading to the list of it. */
export function Figures({ counts }: Pick<Home, "counts">) {
  return (
    <ul className={classes["figures"]} aria-label="Just now">
      <Figure value={counts.running_runs} label="runs running" to="/runs" states={["running"]} />
      <Figure value={counts.queued_runs} label="runs queued" to="/runs" states={["queued"]} />
      <Figure value={counts.running_tasks} label="tasks running" to="/task-instances" states={["running"]} />
      <Figure value={counts.queued_tasks + counts.scheduled_tasks} label="tasks waiting" to="/task-instances" states={["scheduled", "queued"]} />
    </ul>
  );
}

function Figure({ value, label, to, states }: { value: number; label: ReactNode; to: "/runs" | "/task-instances"; states: string[] }) {
  return (
    <li>
      <Link to={to} search={{ state: states }} className={classes["figure"]}>
        <span className={classes["value"]} data-none={value === 0 || undefined}>
          {value.toLocaleString("en")}
        </span>
        <span className={classes["small"]}>{label}</span>
      </Link>
    </li>
  );
}
