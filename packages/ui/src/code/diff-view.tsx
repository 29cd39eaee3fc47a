import { MergeView, unifiedMergeView } from "@codemirror/merge";
import { EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { useEffect, useRef } from "react";
import { readOnlyCode } from "./editor-look.ts";
import classes from "./code.module.css";

interface DiffViewProps {
  before: string;
  after: string;
  path: string;
  /** Beside each other, or in one text for narrow screens. */
  isSideBySide: boolean;
}

const UNCHANGED = { margin: 3, minSize: 6 };

/** What changed from one text of a file to another; what did not is folded. */
export function DiffView({ before, after, path, isSideBySide }: DiffViewProps) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const parent = box.current!;
    if (isSideBySide) {
      const view = new MergeView({
        parent,
        a: { doc: before, extensions: readOnlyCode(path, "Before") },
        b: { doc: after, extensions: readOnlyCode(path, "After") },
        collapseUnchanged: UNCHANGED,
        gutter: true,
      });
      return () => view.destroy();
    }
    const view = new EditorView({
      parent,
      state: EditorState.create({
        doc: after,
        extensions: [
          ...readOnlyCode(path, "What changed"),
          EditorView.lineWrapping,
          unifiedMergeView({ original: before, mergeControls: false, collapseUnchanged: UNCHANGED, gutter: true }),
        ],
      }),
    });
    return () => view.destroy();
  }, [before, after, path, isSideBySide]);
  return <div ref={box} className={classes["diff"]} data-unified={isSideBySide ? undefined : true} />;
}
