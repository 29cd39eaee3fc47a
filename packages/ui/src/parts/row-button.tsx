import { UnstyledButton } from "@mantine/core";
import type { ReactNode } from "react";
import classes from "./row-button.module.css";

/** The name of a row, which opens it. */
export function RowButton({ onClick, children }: { onClick: () => void; children: ReactNode }) {
  return (
    <UnstyledButton className={classes["name"]} onClick={onClick}>
      {children}
    </UnstyledButton>
  );
}
