import { ActionIcon, Button, Group, Menu } from "@mantine/core";
import { IconDotsVertical } from "@tabler/icons-react";
import type { ReactNode } from "react";
import classes from "./action-menu.module.css";

export interface Action {
  label: string;
  icon: ReactNode;
  onClick: () => void;
  isDangerous?: boolean;
}

/** Things that can be done: the first ones as buttons, the others in a menu. `buttons` 0: all in the menu. */
export function ActionMenu({ actions, buttons, label }: { actions: readonly Action[]; buttons: number; label: string }) {
  if (actions.length === 0) return null;
  const shown = actions.slice(0, buttons);
  const rest = actions.slice(buttons);
  return (
    <Group gap={6} wrap="nowrap" role="group" aria-label={label}>
      {shown.map((action) => (
        <Button key={action.label} size="compact-sm" variant="default" leftSection={action.icon} onClick={action.onClick}>
          {action.label}
        </Button>
      ))}
      {rest.length > 0 && (
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon variant={buttons === 0 ? "subtle" : "default"} color="gray" size={26} aria-label={buttons === 0 ? label : `More: ${label}`}>
              <IconDotsVertical size={15} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            {rest.map((action) => (
              <Menu.Item
                key={action.label}
                leftSection={action.icon}
                onClick={action.onClick}
                data-dangerous={action.isDangerous}
                className={classes["item"] ?? ""}
              >
                {action.label}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      )}
    </Group>
  );
}
