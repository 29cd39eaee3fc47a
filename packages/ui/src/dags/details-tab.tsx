import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { lazy, type ReactNode, Suspense } from "react";
import { type DagFacts, dagFactsQuery } from "../api/dag-runs-page.ts";
import { type DagDetails, dagQuery } from "../api/queries.ts";
import { Problem } from "../parts/problem.tsx";
import { formatDurationMs } from "../time/format.ts";
import { Distance, Instant } from "../time/instant.tsx";
import { formatIsoDuration } from "../time/iso-duration.ts";
import { scheduleText } from "../time/schedule-text.ts";
import { dagTabAddress } from "./dag-tabs.ts";
import { type Fact, FactList } from "./fact-list.tsx";
import { ParamTable } from "./param-table.tsx";
import classes from "./details-tab.module.css";

// Reading markdown is a library that nothing else needs.
const Markdown = lazy(async () => ({ default: (await import("../parts/markdown.tsx")).Markdown }));

/** All facts about a DAG that do not change from run to run. */
export function DetailsTab() {
  const { dagId } = useParams({ from: "/dags/$dagId" });
  const { data: dag } = useQuery(dagQuery(dagId));
  const { data: facts, error, refetch } = useQuery(dagFactsQuery(dagId));
  if (dag === undefined || facts === undefined) {
    return error === null ? <Skeleton m="md" h={320} role="status" aria-label="Loading" /> : <Problem error={error} retry={() => void refetch()} />;
  }
  const params = Object.entries(dag.params ?? {});
  return (
    <div className={classes["page"]}>
      <div className={classes["columns"]} data-has-main={dag.doc_md !== null || params.length > 0 || undefined}>
        {(dag.doc_md !== null || params.length > 0) && (
          <div className={classes["main"]}>
            {dag.doc_md !== null && (
              <Section title="About">
                <Suspense fallback={<Skeleton h={120} />}>
                  <Markdown text={dag.doc_md} />
                </Suspense>
              </Section>
            )}
            {params.length > 0 && (
              <Section title="Params">
                <ParamTable params={params} />
              </Section>
            )}
          </div>
        )}
        <div className={classes["facts"]}>
          <Section title="Schedule">
            <FactList facts={scheduleFacts(dag, facts)} />
          </Section>
          <Section title="Limits">
            <FactList facts={limitFacts(dag, facts)} />
          </Section>
          <Section title="Tasks">
            <FactList facts={taskFacts(facts)} />
          </Section>
          <Section title="Where it comes from">
            <FactList facts={sourceFacts(dag)} />
          </Section>
        </div>
      </div>
    </div>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className={classes["section"]}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

function scheduleFacts(dag: DagDetails, { next_runs: nextRuns }: DagFacts): Fact[] {
  return [
    ["Runs", dag.timetable_description ?? "only when it is triggered"],
    ["As written", dag.timetable_summary === null || scheduleText(dag) === dag.timetable_description ? null : <code>{dag.timetable_summary}</code>],
    ["Time zone", dag.timetable_summary === null ? null : (dag.timezone ?? null)],
    [
      "Next runs",
      nextRuns.length === 0 ? (
        "none planned"
      ) : (
        <ol className={classes["runs"]}>
          {nextRuns.map(({ run_after: at }, place) => (
            <li key={at}>
              <Instant at={at} seconds={false} />
              {place === 0 && (
                <span className={classes["dim"]}>
                  {" "}
                  <Distance at={at} />
                </span>
              )}
            </li>
          ))}
        </ol>
      ),
    ],
    [
      "Draining",
      dag.scheduling_state === "draining" ? "yes: its schedule makes no more runs, and it pauses itself when those it has are over" : null,
    ],
    ["Paused", dag.is_paused ? "yes: it makes no runs by itself" : null],
    ["From", dag.start_date === null ? null : <Instant at={dag.start_date} seconds={false} />],
    ["Until", dag.end_date === null ? null : <Instant at={dag.end_date} seconds={false} />],
    ["Missed runs", dag.timetable_periodic ? (dag.catchup ? "each is made up for (catchup)" : "only the newest is made up for") : null],
  ];
}

function limitFacts(dag: DagDetails, facts: DagFacts): Fact[] {
  return [
    ["Runs at once", `${dag.max_active_runs ?? "any number"}, now ${dag.active_runs_count}`],
    ["Tasks at once", `${dag.max_active_tasks} in each run`],
    ["Run timeout", dag.dag_run_timeout === null ? null : formatIsoDuration(dag.dag_run_timeout)],
    ["Pauses after", dag.max_consecutive_failed_dag_runs === 0 ? null : `${dag.max_consecutive_failed_dag_runs} failed runs in a row`],
    ["Types of runs", dag.allowed_run_types === null ? null : `only ${dag.allowed_run_types.map((type) => type.replaceAll("_", " ")).join(", ")}`],
    ["Fail fast", facts.fail_fast ? "the first failed task ends the run" : null],
    ["Limits of tasks", dag.has_task_concurrency_limits ? "some tasks have limits of their own" : null],
  ];
}

function taskFacts(facts: DagFacts): Fact[] {
  const counted = (all: DagFacts["operators"]) => all.map(({ name, tasks }) => (all.length === 1 ? name : `${name} (${tasks})`)).join(", ");
  return [
    ["Tasks", facts.groups === 0 ? facts.tasks : `${facts.tasks}, in ${facts.groups} ${facts.groups === 1 ? "group" : "groups"}`],
    ["Operators", counted(facts.operators)],
    ["Pools", counted(facts.pools)],
    ["Queues", counted(facts.queues)],
    ["Retries", facts.retries.length === 0 ? null : facts.retries.length === 1 ? facts.retries[0] : `${facts.retries[0]} to ${facts.retries.at(-1)}`],
    ["Callbacks", facts.callbacks.length === 0 ? null : `on ${facts.callbacks.join(" and ")}`],
  ];
}

function sourceFacts(dag: DagDetails): Fact[] {
  const version = dag.latest_dag_version;
  return [
    ["DAG id", dag.dag_id],
    ["Owners", dag.owners.join(", ") || null],
    ["Tags", dag.tags.map((tag) => tag.name).join(", ") || null],
    ["File", <code>{dag.fileloc}</code>],
    ["Bundle", dag.bundle_name],
    [
      "Version",
      version === null ? null : (
        <>
          <Link to={dagTabAddress(dag.dag_id, "code")}>{version.version_number}</Link>, since <Instant at={version.created_at} seconds={false} />
        </>
      ),
    ],
    ["Last read", dag.last_parsed_time === null ? null : <Distance at={dag.last_parsed_time} />],
    ["Reading took", dag.last_parse_duration === null ? null : formatDurationMs(dag.last_parse_duration * 1000)],
  ];
}
