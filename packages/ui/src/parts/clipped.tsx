import { Text } from "@mantine/core";

/** A text on one line, whole when pointed at. */
export function Clipped({ text, isCode = false }: { text: string; isCode?: boolean }) {
  return (
    <Text span display="block" size={isCode ? "xs" : "sm"} truncate title={text} {...(isCode ? { ff: "monospace" } : {})}>
      {text}
    </Text>
  );
}
