import { Alert, Button, Group, Text } from "@mantine/core";
import { IconRefresh } from "@tabler/icons-react";
import type { ErrorComponentProps } from "@tanstack/react-router";

/** The server has other files since this page was loaded: parts that were not asked for yet are gone under their old names. */
function isFromAnotherVersion(message: string): boolean {
  return /dynamically imported module|Importing a module script failed|Unable to preload/u.test(message);
}

/** In place of a page that failed while it was drawn. */
export function BrokenPage({ error, reset }: ErrorComponentProps) {
  const message = error instanceof Error ? error.message : String(error);
  const isOld = isFromAnotherVersion(message);
  return (
    <Alert color={isOld ? "blue" : "red"} m="md" title={isOld ? "Tradewind has been updated" : "This page failed"} icon={<IconRefresh />}>
      <Text size="sm">{isOld ? "This page is from before. Load it again to go on; its address keeps what you see." : message}</Text>
      <Group mt="xs">
        <Button size="compact-sm" variant="default" onClick={() => window.location.reload()}>
          Load again
        </Button>
        {!isOld && (
          <Button size="compact-sm" variant="subtle" onClick={reset}>
            Try to go on
          </Button>
        )}
      </Group>
    </Alert>
  );
}
