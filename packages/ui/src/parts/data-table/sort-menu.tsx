import { Button, Menu } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconArrowsSort } from "@tabler/icons-react";

/** What rows are ordered by, where there is no header to click on. */
export function SortMenu({
  columns,
  sort,
  onSort,
}: {
  columns: readonly { id: string; header: string }[];
  sort: string | undefined;
  onSort: (id: string) => void;
}) {
  if (columns.length === 0) return null;
  const current = columns.find(({ id }) => id === sort?.replace(/^-/, ""));
  const Arrow = sort?.startsWith("-") === true ? IconArrowDown : IconArrowUp;
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button
          size="compact-sm"
          variant="subtle"
          color="gray"
          style={{ fontWeight: 400 }}
          maw={118}
          leftSection={current === undefined ? <IconArrowsSort size={14} /> : <Arrow size={14} />}
          aria-label={current === undefined ? "Order" : `Ordered by ${current.header}`}
        >
          {current?.header ?? "Order"}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {columns.map(({ id, header }) => (
          <Menu.Item key={id} onClick={() => onSort(id)} leftSection={id === current?.id ? <Arrow size={14} /> : <span style={{ width: 14 }} />}>
            {header}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
