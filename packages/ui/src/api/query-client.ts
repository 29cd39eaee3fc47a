import { isRestApiError } from "@tradewind/client";
import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { showFailure } from "../parts/show-failure.tsx";
import { sessionQuery } from "./session.ts";

const MOST_RETRIES = 2;

/** What the server refuses, it refuses again; what did not reach it may. */
function isWorthAnotherTry(error: Error): boolean {
  return !isRestApiError(error) || error.status === undefined || error.status >= 500;
}

/** A session that has ended anywhere has ended everywhere: the shell shows the log-in, and what was open stays as it is behind it. */
function noteSessionEnd(error: Error): void {
  if (isRestApiError(error) && error.status === 401) queryClient.setQueryData(sessionQuery.queryKey, null);
}

export const queryClient: QueryClient = new QueryClient({
  queryCache: new QueryCache({ onError: noteSessionEnd }),
  mutationCache: new MutationCache({
    onError: (error, _variables, _result, { meta }) => {
      noteSessionEnd(error);
      if (meta?.["isToldInPlace"] !== true) showFailure(error);
    },
  }),
  defaultOptions: {
    queries: { staleTime: 1000, retry: (failures, error) => failures < MOST_RETRIES && isWorthAnotherTry(error), refetchOnWindowFocus: true },
  },
});
