import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { favoritesQuery } from "../api/favorites.ts";
import { LiveRunBars } from "../dags/dag-list/live-run-bars.tsx";
import { Distance } from "../time/instant.tsx";
import { Panel } from "./panel.tsx";
import classes from "./home.module.css";

/** The DAGs that the user has marked, with their latest runs. Nothing, while there are none. */
export function FavoritesPanel() {
  const { data } = useQuery(favoritesQuery);
  const dags = data?.dags ?? [];
  if (dags.length === 0) return null;
  return (
    <Panel title="Favourites" count={data?.total}>
      <ul className={classes["rows"]} data-dense>
        {dags.map(({ dag, runs }) => (
          <li key={dag.dag_id} className={classes["row"]}>
            <div className={classes["line"]} data-middle>
              <div className={classes["grow"]}>
                <Link to="/dags/$dagId" params={{ dagId: dag.dag_id }} className={classes["subject"]}>
                  {dag.dag_display_name}
                </Link>
                <div className={classes["small"]}>
                  {dag.scheduling_state !== "active" ? (
                    dag.scheduling_state
                  ) : dag.next_dagrun_run_after === null ? (
                    "no schedule"
                  ) : (
                    <>
                      next run <Distance at={dag.next_dagrun_run_after} />
                    </>
                  )}
                </div>
              </div>
              <LiveRunBars dagId={dag.dag_id} runs={runs} />
            </div>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
