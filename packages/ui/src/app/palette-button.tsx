import { UnstyledButton } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { lazy, Suspense, useState } from "react";
import classes from "./shell.module.css";

const load = () => import("./palette.tsx");
const Palette = lazy(async () => ({ default: (await load()).Palette }));
const IS_MAC = navigator.platform.startsWith("Mac");

/** Opens the command palette, whose code comes when it is asked for the first time. */
export function PaletteButton() {
  const [isWanted, setWanted] = useState(false);
  const open = async () => {
    setWanted(true);
    const { openPalette } = await load();
    // After the palette is on the page: only one that is there opens.
    requestAnimationFrame(() => requestAnimationFrame(openPalette));
  };
  useHotkeys([["mod+K", () => void open()]], []);
  return (
    <>
      <UnstyledButton
        className={classes["find"]}

        aria-keyshortcuts="Control+K Meta+K"
        onClick={() => void open()}
      >
        <IconSearch size={14} aria-hidden />
        <span className={classes["goTo"]}>Go to …</span>
        <kbd className={classes["keys"]}>{IS_MAC ? "⌘K" : "Ctrl K"}</kbd>
      </UnstyledButton>
      {isWanted && (
        <Suspense>
          <Palette />
        </Suspense>
      )}
    </>
  );
}
