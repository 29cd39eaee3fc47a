import { Alert, Button, Group, Text } from "@mantine/core";
import { IconPlugConnectedX, IconZoomExclamation } from "@tabler/icons-react";
import { isRestApiError } from "@tradewind/client";

/** In place of what could not be loaded: what happened, and a way on. */
export function Problem({ error, retry }: { error: Error; retry?: () => void }) {
  const isAway = isRestApiError(error) && (error.status === undefined || error.status >= 502);
  return (
    <Alert
      color={isAway ? "orange" : "red"}
      variant="light"
      icon={isAway ? <IconPlugConnectedX /> : <IconZoomExclamation />}
      title={isAway ? "No connection to the server" : "This could not be loaded"}
      m="md"
    >
      <Text size="sm">{error.message}</Text>
      {isAway && (
        <Text size="sm" c="dimmed">
          It is tried again by itself; what you see here goes on when the server is back.
        </Text>
      )}
      {retry !== undefined && (
        <Group mt="xs">
          <Button size="compact-sm" variant="default" onClick={retry}>
            Try now
          </Button>
        </Group>
      )}
    </Alert>
  );
}
