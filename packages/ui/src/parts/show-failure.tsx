import { notifications } from "@mantine/notifications";
import { isRestApiError } from "@tradewind/client";

/** Says what went wrong with something that a person asked for, in the server's words. */
export function showFailure(error: Error): void {
  const requestId = isRestApiError(error) ? error.requestId : undefined;
  notifications.show({
    color: "red",
    title: isRestApiError(error) && error.code === "unreachable" ? "The server cannot be reached" : "That did not work",
    message: requestId === undefined ? error.message : `${error.message} (request ${requestId})`,
    autoClose: 10_000,
  });
}
