import { Box, Center, Loader } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Outlet } from "@tanstack/react-router";
import { sessionQuery } from "../api/session.ts";
import { LoginPage } from "../login/login-page.tsx";
import { Problem } from "../parts/problem.tsx";
import { TriggerHost } from "../trigger/trigger-host.tsx";
import { TopBar } from "./top-bar.tsx";
import classes from "./shell.module.css";

/** What is around every page: the bar at the top, or the log-in while nobody is logged in. */
export function Shell() {
  const session = useQuery(sessionQuery);
  if (session.isPending) {
    return (
      <Center mih="100dvh">
        <Loader aria-label="Loading" />
      </Center>
    );
  }
  if (session.data === undefined) return <Problem error={session.error} retry={() => void session.refetch()} />;
  if (session.data === null) return <LoginPage />;
  return (
    <Box className={classes["shell"]}>
      <a href="#page" className={classes["skip"]}>
        Skip to the page
      </a>
      <TopBar session={session.data} />
      <main id="page" tabIndex={-1} className={classes["page"]}>
        <Outlet />
      </main>
      <TriggerHost />
    </Box>
  );
}
