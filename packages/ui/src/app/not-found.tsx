import { Anchor } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { Empty } from "../parts/empty.tsx";

export function NotFound() {
  return (
    <Empty title="There is no such page">
      It may have been moved, or the address was cut off.{" "}
      <Anchor component={Link} to="/dags">
        All DAGs
      </Anchor>
    </Empty>
  );
}
