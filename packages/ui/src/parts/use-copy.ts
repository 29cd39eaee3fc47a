import { notifications } from "@mantine/notifications";
import { useEffect, useRef, useState } from "react";

/** So long it is said that something was copied. */
const SAID_MS = 1500;

/** Puts a text on the clipboard, also where browsers give pages none because the server is not reached by HTTPS. */
export function useCopy(): { isCopied: boolean; copy: (text: string) => void } {
  const [isCopied, setCopied] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  return {
    isCopied,
    copy(text) {
      void toClipboard(text).then((isDone) => {
        if (!isDone) return notifications.show({ color: "red", title: "That was not copied", message: "The browser gives this page no clipboard." });
        setCopied(true);
        clearTimeout(timer.current);
        timer.current = setTimeout(() => setCopied(false), SAID_MS);
      });
    },
  };
}

async function toClipboard(text: string): Promise<boolean> {
  // Its type says it is always there; without HTTPS it is not.
  const clipboard = navigator.clipboard as Clipboard | undefined;
  if (clipboard !== undefined) {
    return clipboard.writeText(text).then(
      () => true,
      () => byCommand(text),
    );
  }
  return byCommand(text);
}

/** The old way: whatever is selected is copied. */
function byCommand(text: string): boolean {
  const field = document.createElement("textarea");
  field.value = text;
  field.style.cssText = "position:fixed;opacity:0";
  const focused = document.activeElement;
  document.body.append(field);
  field.select();
  try {
    return document.execCommand("copy");
  } finally {
    field.remove();
    if (focused instanceof HTMLElement) focused.focus();
  }
}
