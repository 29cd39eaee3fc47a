import { Button, Checkbox, Popover, Stack, Text } from "@mantine/core";
import { IconColumns3 } from "@tabler/icons-react";

/** Which columns there are, each with a tick; back to the usual ones. */
export function ColumnChooser({
  columns,
  shown,
  isUsual,
  onChange,
}: {
  columns: readonly { id: string; header: string }[];
  shown: readonly string[];
  isUsual: boolean;
  onChange: (shown: readonly string[] | undefined) => void;
}) {
  return (
    <Popover position="bottom-end" shadow="md" trapFocus returnFocus>
      <Popover.Target>
        <Button size="compact-sm" variant="subtle" color="gray" leftSection={<IconColumns3 size={15} />} style={{ fontWeight: 400 }}>
          Columns
        </Button>
      </Popover.Target>
      <Popover.Dropdown p="sm" aria-label="Columns">
        <Checkbox.Group
          value={[...shown]}
          onChange={(next) => onChange(columns.flatMap(({ id }) => (next.includes(id) ? [id] : [])))}
          aria-label="Columns that are shown"
        >
          <Stack gap={7} mah={360} style={{ overflowY: "auto" }} py={2} pr={8}>
            {columns.map(({ id, header }) => (
              <Checkbox key={id} size="xs" value={id} label={header} disabled={shown.length === 1 && shown[0] === id} />
            ))}
          </Stack>
        </Checkbox.Group>
        {!isUsual && (
          <Button mt="sm" size="compact-xs" variant="default" onClick={() => onChange(undefined)}>
            <Text span size="xs">
              The usual ones
            </Text>
          </Button>
        )}
      </Popover.Dropdown>
    </Popover>
  );
}
