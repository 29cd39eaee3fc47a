import "./mantine-styles.css";
import "@mantine/notifications/styles.css";
import "./app/app.css";
import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { startLive } from "./api/live.ts";
import { queryClient } from "./api/query-client.ts";
import { sessionQuery } from "./api/session.ts";
import { router } from "./app/router.tsx";
import { cssVariables, theme } from "./theme.ts";
import { TimeZoneProvider } from "./time/time-zone.tsx";

startLive(queryClient);
// Asked while the page's own code is fetched, which nothing is shown without either.
void queryClient.prefetchQuery(sessionQuery);

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
      <QueryClientProvider client={queryClient}>
        <TimeZoneProvider>
          <Notifications position="bottom-right" />
          <RouterProvider router={router} />
        </TimeZoneProvider>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
