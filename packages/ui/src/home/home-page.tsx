import { Skeleton } from "@mantine/core";
import { IconAlertTriangleFilled, IconCircleCheckFilled } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { type Home, homeQuery } from "../api/home.ts";
import { Problem } from "../parts/problem.tsx";
import { listAttention } from "./attention.ts";
import { AttentionPanel } from "./attention-panel.tsx";
import { FavoritesPanel } from "./favorites-panel.tsx";
import { PoolsPanel } from "./pools-panel.tsx";
import { RecentPanel, RunningPanel } from "./run-panels.tsx";
import { Components, Figures } from "./status-strip.tsx";
import { ThroughputPanel } from "./throughput-panel.tsx";
import classes from "./home.module.css";

/** How everything is: what is not well, what asks for attention, what is at work, and how it went. */
export function HomePage() {
  const { data: home, error, refetch } = useQuery(homeQuery);
  if (home === undefined) return error === null ? <Waiting /> : <Problem error={error} retry={() => void refetch()} />;
  const { total } = listAttention(home);
  return (
    <div className={classes["page"]}>
      <div className={classes["top"]}>
        <Headline home={home} total={total} />
        <Figures counts={home.counts} />
      </div>
      <Components components={home.components} />
      <div className={classes["columns"]}>
        <div className={classes["column"]}>
          <AttentionPanel home={home} />
          <RunningPanel runs={home.running} total={home.counts.running_runs} />
          <RecentPanel runs={home.recent} />
        </div>
        <div className={classes["column"]}>
          <ThroughputPanel throughput={home.throughput} />
          <PoolsPanel pools={home.pools} />
          <FavoritesPanel />
        </div>
      </div>
    </div>
  );
}

/** How it is, in one line: what a glance is for. */
function Headline({ home: { components, counts }, total }: { home: Home; total: number }) {
  const isBroken = components.some(({ status }) => status === "unhealthy");
  const tone = isBroken ? "broken" : total > 0 ? "attention" : "well";
  const Icon = tone === "well" ? IconCircleCheckFilled : IconAlertTriangleFilled;
  const attention = `${total.toLocaleString("en")} thing${total === 1 ? " needs" : "s need"} attention`;
  const dags = `${counts.active_dags.toLocaleString("en")} DAGs are on, ${counts.paused_dags.toLocaleString("en")} paused.`;
  return (
    <div className={classes["headline"]} data-tone={tone}>
      <Icon size={34} aria-hidden />
      <div>
        <h1 className={classes["heading"]}>{total === 0 ? "Everything is well" : attention}</h1>
        <p className={classes["summary"]}>
          {isBroken ? "Not all parts are at work." : "All parts are at work."} {dags}
        </p>
      </div>
    </div>
  );
}

function Waiting() {
  return (
    <div className={classes["page"]} aria-busy="true" aria-label="Loading">
      <Skeleton h={56} mb="md" />
      <Skeleton h={64} mb="md" />
      <div className={classes["columns"]}>
        <Skeleton h={320} />
        <Skeleton h={320} />
      </div>
    </div>
  );
}
