import { Anchor, Group, Text } from "@mantine/core";
import { IconAlertTriangleFilled } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { importErrorsQuery } from "../../api/queries.ts";
import { usePermissions } from "../../api/use-permissions.ts";
import classes from "./dag-list.module.css";

/** DAG files that cannot be loaded: their DAGs are missing here, or are as they were before. */
export function ImportErrorsNotice() {
  const may = usePermissions();
  const { data } = useQuery({ ...importErrorsQuery, enabled: may("import_errors:read") });
  if (data === undefined || data.total_entries === 0) return null;
  const [first] = data.import_errors;
  return (
    <Group className={classes["notice"]} gap="xs" role="status">
      <IconAlertTriangleFilled size={16} aria-hidden />
      <Text size="sm" fw={600}>
        {data.total_entries === 1 ? `${first?.filename} cannot be loaded` : `${data.total_entries} DAG files cannot be loaded`}
      </Text>
      <Anchor component={Link} to="/import-errors" size="sm" c="inherit" td="underline">
        What is wrong
      </Anchor>
    </Group>
  );
}
