import { Combobox, Highlight, TextInput, useCombobox } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import type { Grid } from "../api/read-models.ts";
import { findTasks } from "./find-tasks.ts";
import classes from "./runs-tab.module.css";

const MOST_FOUND = 40;

/** Finds a task or a group by a part of its name, and shows it in the grid, the graph and the Gantt. */
export function TaskFinder({ grid, onFind }: { grid: Grid | undefined; onFind: (taskId: string) => void }) {
  const [text, setText] = useState("");
  const combobox = useCombobox({ onDropdownClose: () => combobox.resetSelectedOption() });
  const found = grid === undefined || text.trim() === "" ? [] : findTasks(grid, text, MOST_FOUND);
  const { selectFirstOption } = combobox;
  // Enter takes the first one.
  useEffect(() => {
    if (text !== "") selectFirstOption();
  }, [text, selectFirstOption]);
  return (
    <Combobox
      store={combobox}
      width={360}
      position="bottom-start"
      onOptionSubmit={(taskId) => {
        setText("");
        combobox.closeDropdown();
        onFind(taskId);
      }}
    >
      <Combobox.Target>
        <TextInput
          size="xs"
          className={classes["finder"] ?? ""}
          placeholder="Find a task"
          aria-label="Find a task"
          leftSection={<IconSearch size={14} />}
          value={text}
          onChange={(event) => {
            setText(event.currentTarget.value);
            combobox.openDropdown();
          }}
          onBlur={() => combobox.closeDropdown()}
        />
      </Combobox.Target>
      <Combobox.Dropdown hidden={text.trim() === ""}>
        <Combobox.Options mah={320} style={{ overflowY: "auto" }}>
          {found.length === 0 && <Combobox.Empty>No task is called so</Combobox.Empty>}
          {found.map((id) => (
            <Combobox.Option key={id} value={id} fz="sm">
              <Highlight highlight={text.trim()} size="sm" style={{ overflowWrap: "anywhere" }}>
                {id}
              </Highlight>
            </Combobox.Option>
          ))}
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  );
}
