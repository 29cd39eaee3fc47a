import { Loader } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { Json } from "@tradewind/core";
import type { TaskInstance } from "../api/queries.ts";
import { taskContextQuery, type TaskPlace } from "../api/task-instance.ts";
import { Problem } from "../parts/problem.tsx";
import { Instant } from "../time/instant.tsx";
import { JsonTree } from "../xcom/json-tree.tsx";
import { taskOptions } from "./task-options.ts";
import classes from "./task-page.module.css";

/** What the DAG file says about a task, and all that is known of the instance. */
export function DetailsTab({ place, instance }: { place: TaskPlace; instance: TaskInstance | undefined }) {
  const { data, error, refetch } = useQuery(taskContextQuery(place));
  if (data === undefined) return error === null ? <Loader size="sm" aria-label="Loading" /> : <Problem error={error} retry={() => void refetch()} />;
  const options = data.spec === null ? [] : taskOptions(data.spec);
  const inputs = data.spec === null ? {} : { ...data.spec.inputs, ...(data.spec.mapping === null ? {} : { mapping: data.spec.mapping }) };
  const rendered = instance?.rendered_fields ?? {};
  return (
    <div className={classes["details"]}>
      {data.spec?.doc != null && (
        <section>
          <h2>About</h2>
          <p className={classes["doc"]}>{data.spec.doc}</p>
        </section>
      )}
      {options.length > 0 && (
        <section>
          <h2>Options, in version {data.version_number}</h2>
          <dl className={classes["pairs"]}>
            {options.map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
        </section>
      )}
      {Object.keys(inputs).length > 0 && (
        <section>
          <h2>Inputs</h2>
          <JsonTree value={inputs} label="Inputs" />
        </section>
      )}
      {Object.keys(rendered).length > 0 && (
        <section>
          <h2>Rendered</h2>
          <JsonTree value={rendered as Json} label="Rendered options" />
        </section>
      )}
      {instance !== undefined && (
        <section>
          <h2>This instance</h2>
          <dl className={classes["pairs"]}>
            {timesOf(instance).map(([name, at]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>
                  <Instant at={at} />
                </dd>
              </div>
            ))}
            <div>
              <dt>Priority weight</dt>
              <dd>{instance.priority_weight ?? "–"}</dd>
            </div>
            <div>
              <dt>Process</dt>
              <dd>{instance.pid ?? "–"}</dd>
            </div>
            <div>
              <dt>Id</dt>
              <dd>{instance.id}</dd>
            </div>
          </dl>
        </section>
      )}
    </div>
  );
}

function timesOf(instance: TaskInstance): [name: string, at: string | null][] {
  return [
    ["Logical date", instance.logical_date],
    ["Run after", instance.run_after],
    ["Scheduled", instance.scheduled_when],
    ["Queued", instance.queued_when],
    ["Started", instance.start_date],
    ["Ended", instance.end_date],
  ];
}
