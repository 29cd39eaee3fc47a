import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { dagQuery } from "../api/queries.ts";
import { Instant } from "../time/instant.tsx";

/** All facts about a DAG that do not change from run to run. */
export function DetailsTab() {
  const { dagId } = useParams({ from: "/dags/$dagId" });
  const { data: dag } = useQuery(dagQuery(dagId));
  if (dag === undefined) return null;
  return <Instant at={dag.last_parsed_time} />;
}
