import { Text } from "@mantine/core";

/** A text on one line, whole when pointed at, or explained by a tip. */
export function Clipped({ text, tip = null, isCode = false }: { text: string; tip?: string | null; isCode?: boolean }) {
  return (
    <Text span display="block" {...(isCode ? { ff: "monospace", size: "xs" } : { inherit: true })} truncate title={tip ?? text}>
      {text}
    </Text>
  );
}
