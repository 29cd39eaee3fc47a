import { Box, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useParams } from "@tanstack/react-router";
import { dagQuery } from "../api/queries.ts";
import { usePermissions } from "../api/use-permissions.ts";
import { Problem } from "../parts/problem.tsx";
import { DagHeading } from "./dag-heading.tsx";
import { DAG_TABS, dagTabAddress } from "./dag-tabs.ts";
import classes from "./dag-page.module.css";

/** What is around every page about one DAG: its name and state, what can be done with it, and the tabs. */
export function DagPage() {
  const { dagId } = useParams({ from: "/dags/$dagId" });
  const may = usePermissions();
  const dag = useQuery(dagQuery(dagId));
  if (dag.data === undefined && dag.isError) return <Problem error={dag.error} retry={() => void dag.refetch()} />;
  return (
    <Box className={classes["page"]}>
      <DagHeading dagId={dagId} dag={dag.data} />
      <nav className={classes["tabs"]} aria-label={`Pages of ${dagId}`}>
        {DAG_TABS.filter(({ permission }) => may(permission)).map(({ path, title }) => (
          <Link
            key={path}
            to={dagTabAddress(dagId, path)}
            className={classes["tab"]}
            activeOptions={{ exact: true, includeSearch: false }}
            preload="intent"
          >
            {title}
          </Link>
        ))}
      </nav>
      <Box className={classes["content"]}>
        {dag.data?.is_stale === true && (
          <Text size="sm" px="md" py={6} className={classes["stale"]} role="status">
            No DAG file defines this DAG any more: it makes no new runs. What ran is kept.
          </Text>
        )}
        <Outlet />
      </Box>
    </Box>
  );
}
