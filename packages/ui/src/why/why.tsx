import { Skeleton, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type Why as Answer, type WhyCause, type WhyQuestion, whyQuery, type WhySubject } from "../api/why.ts";
import { Problem } from "../parts/problem.tsx";
import { lookOf } from "../states/state-look.ts";
import { Distance } from "../time/instant.tsx";
import { Took } from "../time/took.tsx";
import { isEnd, lookOfCause } from "./cause-look.ts";
import { WhyActionButton } from "./why-action.tsx";
import classes from "./why.module.css";

export interface WhyProps extends WhyQuestion {
  /** Without the line above that says what this is: where the place says it. */
  untitled?: boolean;
}

/** Why something is not running: the chain of causes, what to do about each, and when it goes on as far as that is known. */
export function Why({ untitled = false, ...question }: WhyProps) {
  const { data, error, refetch } = useQuery(whyQuery(question));
  if (data === undefined)
    return error === null ? (
      <Skeleton h={44} radius="sm" role="status" aria-label="Loading" />
    ) : (
      <Problem error={error} retry={() => void refetch()} />
    );
  return (
    <section className={classes["why"]} aria-label={titleOf(data)}>
      {!untitled && <h3 className={classes["title"]}>{titleOf(data)}</h3>}
      <CauseList causes={data.causes} />
    </section>
  );
}

function titleOf({ status, subject }: Answer): string {
  if (subject.dag_run_id === null) return "When it runs next";
  if (status === "waiting") return "Why it is not running";
  if (status === "running") return subject.task_id === null ? "What it waits for" : "What it is doing";
  return "Why it ended like this";
}

function CauseList({ causes }: { causes: readonly WhyCause[] }) {
  return (
    <ol className={classes["list"]}>
      {causes.map((cause, place) => (
        <CauseItem key={`${cause.code} ${cause.about?.task_id ?? ""} ${cause.about?.map_index ?? ""} ${place}`} cause={cause} />
      ))}
    </ol>
  );
}

function CauseItem({ cause }: { cause: WhyCause }) {
  const { code, sentence, unblock, action, at, since, about, count, named, because } = cause;
  const { Icon, tone } = lookOfCause(code);
  return (
    <li className={classes["cause"]}>
      <span className={classes["sign"]} data-tone={tone}>
        <Icon size={14} stroke={2} aria-hidden />
      </span>
      <div className={classes["body"]}>
        {about !== null && (
          <div className={classes["about"]}>
            <Subject subject={about} />
            {count > 1 && <span className={classes["when"]}>and {count - 1} more like it</span>}
          </div>
        )}
        <p className={classes["sentence"]} title={code}>
          {sentence}
          <When at={at} since={since} isOver={isEnd(code)} />
        </p>
        {(unblock !== null || action !== null) && (
          <div className={classes["unblock"]}>
            {unblock !== null && (
              <Text span size="xs" c="dimmed">
                {unblock}
              </Text>
            )}
            {action !== null && <WhyActionButton action={action} />}
          </div>
        )}
        {because.length > 0 ? (
          <CauseList causes={because} />
        ) : (
          named.length > 0 && (
            <ul className={classes["named"]} aria-label="Named here">
              {named.map((subject) => (
                <li key={`${subject.dag_run_id} ${subject.task_id} ${subject.map_index}`}>
                  <Subject subject={subject} />
                </li>
              ))}
            </ul>
          )
        )}
      </div>
    </li>
  );
}

/** When it is over; what is not over yet, how long it has been so; what is over, how long ago that was. */
function When({ at, since, isOver }: { at: string | null; since: string | null; isOver: boolean }) {
  if (at === null && since === null) return null;
  return (
    <span className={classes["when"]}>
      {at !== null || isOver ? (
        <Distance at={at ?? since} />
      ) : (
        <>
          for <Took from={since} to={null} />
        </>
      )}
    </span>
  );
}

/** A run or a task instance, by its name and its state; leads to it. */
function Subject({ subject }: { subject: WhySubject }) {
  const { dag_id: dagId, dag_run_id: runId, task_id: taskId, map_index: mapIndex, state } = subject;
  const { Icon, fill, label } = lookOf(state);
  const isMapped = mapIndex !== null && mapIndex >= 0;
  const name = taskId === null ? (runId ?? dagId) : `${taskId}${isMapped ? ` [${mapIndex}]` : ""}`;
  const shown = (
    <>
      <span className={classes["state"]} style={{ background: fill }}>
        <Icon size={9} stroke={3} aria-hidden />
      </span>
      <span className={classes["name"]}>{name}</span>
      <span className={classes["label"]}>{label}</span>
    </>
  );
  if (runId === null) return <span className={classes["subject"]}>{shown}</span>;
  if (taskId === null) {
    return (
      <Link className={classes["subject"]} to="/dags/$dagId" params={{ dagId }} search={{ run: runId }}>
        {shown}
      </Link>
    );
  }
  return (
    <Link
      className={classes["subject"]}
      to="/dags/$dagId/runs/$runId/tasks/$taskId"
      params={{ dagId, runId, taskId }}
      search={isMapped ? { map_index: mapIndex } : {}}
    >
      {shown}
    </Link>
  );
}
