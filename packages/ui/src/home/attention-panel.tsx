import { useDisclosure } from "@mantine/hooks";
import {
  IconAlertTriangle,
  IconCircleCheckFilled,
  IconClockExclamation,
  IconFileAlert,
  IconHourglassHigh,
  IconPlayerPause,
  IconX,
} from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { Home } from "../api/home.ts";
import { Distance } from "../time/instant.tsx";
import { Why } from "../why/why.tsx";
import { type AttentionItem, type AttentionKind, type AttentionMore, listAttention } from "./attention.ts";
import { Panel } from "./panel.tsx";
import { WhyButton } from "./why-button.tsx";
import classes from "./home.module.css";

const ICONS: Readonly<Record<AttentionKind, typeof IconX>> = {
  component: IconAlertTriangle,
  import_error: IconFileAlert,
  failing: IconX,
  paused: IconPlayerPause,
  stuck: IconHourglassHigh,
  late: IconClockExclamation,
};

/** What goes wrong, or does not go on: nothing at all, on a good day. */
export function AttentionPanel({ home }: { home: Home }) {
  const { items, more, total } = listAttention(home);
  const failedRuns = (
    <Link to="/runs" search={{ state: ["failed"], started: "-24h.." }} className={classes["further"]}>
      Failed runs
    </Link>
  );
  return (
    <Panel title="Needs attention" count={total} aside={failedRuns}>
      {items.length === 0 ? (
        <p className={classes["well"]}>
          <IconCircleCheckFilled size={18} aria-hidden /> Nothing: no DAG has failed last, everything loads and runs in time.
        </p>
      ) : (
        <ul className={classes["rows"]}>
          {items.map((item) => (
            <Item key={item.key} item={item} />
          ))}
          {more.map((one) => (
            <More key={one.kind} more={one} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Item({ item }: { item: AttentionItem }) {
  const { kind, detail, at, why } = item;
  const [isOpen, { toggle }] = useDisclosure();
  const Icon = ICONS[kind];
  return (
    <li className={classes["row"]} data-kind={kind}>
      <span className={classes["kind"]}>
        <Icon size={14} stroke={2.2} aria-hidden />
      </span>
      <div className={classes["grow"]}>
        <div className={classes["line"]}>
          <ItemTitle item={item} />
          {at !== null && (
            <span className={classes["when"]}>
              <Distance at={at} />
            </span>
          )}
        </div>
        <div className={classes["line"]}>
          <span className={classes["detail"]} title={detail}>
            {detail}
          </span>
          {why !== undefined && <WhyButton isOpen={isOpen} onClick={toggle} about={item.title} />}
        </div>
        {isOpen && why !== undefined && (
          <div className={classes["why"]}>
            <Why {...why} untitled />
          </div>
        )}
      </div>
    </li>
  );
}

function ItemTitle({ item: { kind, title, dagId, runId, taskId, mapIndex } }: { item: AttentionItem }) {
  const look = classes["subject"];
  if (kind === "import_error") {
    return (
      <Link to="/import-errors" className={look}>
        {title}
      </Link>
    );
  }
  if (dagId === undefined) return <span className={look}>{title}</span>;
  if (runId !== undefined && taskId !== undefined) {
    const search = mapIndex !== undefined && mapIndex >= 0 ? { map_index: mapIndex } : {};
    return (
      <Link to="/dags/$dagId/runs/$runId/tasks/$taskId" params={{ dagId, runId, taskId }} search={search} className={look}>
        {title}
      </Link>
    );
  }
  return (
    <Link to="/dags/$dagId" params={{ dagId }} search={runId === undefined ? {} : { run: runId }} className={look}>
      {title}
    </Link>
  );
}

const MORE: Readonly<Partial<Record<AttentionKind, string>>> = {
  failing: "more DAGs whose latest run failed",
  import_error: "more files that do not load",
  late: "more DAGs that are late",
};

function More({ more: { kind, count } }: { more: AttentionMore }) {
  const text = `${count.toLocaleString("en")} ${MORE[kind] ?? "more"}`;
  return (
    <li className={classes["more"]}>
      {kind === "failing" ? (
        <Link to="/dags" search={{ state: ["failed"] }}>
          {text}
        </Link>
      ) : (
        text
      )}
    </li>
  );
}
