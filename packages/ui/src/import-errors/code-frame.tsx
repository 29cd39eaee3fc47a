import { Box } from "@mantine/core";
import classes from "./import-errors.module.css";

/** The text of an import error, with the line that is to blame marked. */
export function CodeFrame({ text }: { text: string }) {
  return (
    <Box component="pre" className={classes["frame"]} tabIndex={0}>
      {text.split("\n").map((line, index) => (
        // The place of a line is all that tells it apart.
        <span key={index} className={classes["line"]} data-blamed={/^>\s*\d+ \|/.test(line) || undefined}>
          {line}
          {"\n"}
        </span>
      ))}
    </Box>
  );
}
