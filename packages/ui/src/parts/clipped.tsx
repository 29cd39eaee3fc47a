import { Text } from "@mantine/core";

/** A text on one line, whole when pointed at. */
export function Clipped({ text, isCode = false }: { text: string; isCode?: boolean }) {
  return (
    <Text span display="block" {...(isCode ? { ff: "monospace", size: "xs" } : { inherit: true })} truncate title={text}>
      {text}
    </Text>
  );
}
