import { useDisclosure } from "@mantine/hooks";
import { Link } from "@tanstack/react-router";
import type { HomeRun, RunningHomeRun } from "../api/home.ts";
import { StateBadge } from "../states/state-badge.tsx";
import { lookOf } from "../states/state-look.ts";
import { Distance } from "../time/instant.tsx";
import { Took } from "../time/took.tsx";
import { Why } from "../why/why.tsx";
import { Panel } from "./panel.tsx";
import { WhyButton } from "./why-button.tsx";
import classes from "./home.module.css";

/** Runs that are at work, and how far each is. */
export function RunningPanel({ runs, total }: { runs: readonly RunningHomeRun[]; total: number }) {
  const all = (
    <Link to="/runs" search={{ state: ["running"] }} className={classes["further"]}>
      All running
    </Link>
  );
  return (
    <Panel title="Running now" count={total} aside={all}>
      {runs.length === 0 ? (
        <p className={classes["none"]}>No run is at work just now.</p>
      ) : (
        <ul className={classes["rows"]}>
          {runs.map((run) => (
            <RunningRow key={`${run.dag_id} ${run.dag_run_id}`} run={run} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

function RunningRow({ run }: { run: RunningHomeRun }) {
  const [isOpen, { toggle }] = useDisclosure();
  return (
    <li className={classes["row"]}>
      <div className={classes["grow"]}>
        <div className={classes["line"]}>
          <RunLink run={run} />
          <span className={classes["aside"]}>
            <WhyButton isOpen={isOpen} onClick={toggle} about={run.dag_id} />
            <span className={classes["when"]}>
              <Took from={run.start_date} to={null} />
            </span>
          </span>
        </div>
        <Progress run={run} />
        {isOpen && (
          <div className={classes["why"]}>
            <Why dagId={run.dag_id} runId={run.dag_run_id} untitled />
          </div>
        )}
      </div>
    </li>
  );
}

function RunLink({ run: { dag_id: dagId, dag_run_id: runId } }: { run: HomeRun }) {
  return (
    <Link to="/dags/$dagId" params={{ dagId }} search={{ run: runId }} className={classes["subject"]} title={runId}>
      {dagId}
    </Link>
  );
}

function Progress({ run: { total, unfinished, failed } }: { run: RunningHomeRun }) {
  const done = total - unfinished;
  const share = (count: number): string => `${total === 0 ? 0 : (count / total) * 100}%`;
  return (
    <div className={classes["progress"]}>
      <div
        className={classes["track"]}
        role="progressbar"
        aria-valuemin={0}
        aria-valuemax={total}
        aria-valuenow={done}
        aria-label="Tasks that have ended"
      >
        <span style={{ width: share(done - failed), background: lookOf("success").fill }} />
        <span style={{ width: share(failed), background: lookOf("failed").fill }} />
      </div>
      <span className={classes["small"]}>
        {done.toLocaleString("en")} of {total.toLocaleString("en")} tasks
        {failed > 0 && `, ${failed.toLocaleString("en")} failed`}
      </span>
    </div>
  );
}

/** Runs that ended last. */
export function RecentPanel({ runs }: { runs: readonly HomeRun[] }) {
  const all = (
    <Link to="/runs" className={classes["further"]}>
      All runs
    </Link>
  );
  return (
    <Panel title="Recent runs" aside={all}>
      {runs.length === 0 ? (
        <p className={classes["none"]}>No run has ended yet.</p>
      ) : (
        <ul className={classes["rows"]} data-dense>
          {runs.map((run) => (
            <li key={`${run.dag_id} ${run.dag_run_id}`} className={classes["row"]}>
              <div className={classes["line"]}>
                <RunLink run={run} />
                <span className={classes["facts"]}>
                  <StateBadge state={run.state} />
                  <span className={classes["took"]}>
                    <Took from={run.start_date} to={run.end_date} />
                  </span>
                  <span className={classes["ago"]}>
                    <Distance at={run.start_date} />
                  </span>
                </span>
              </div>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
