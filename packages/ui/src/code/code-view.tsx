import { openSearchPanel } from "@codemirror/search";
import { EditorState, type Extension, RangeSetBuilder, StateEffect, StateField } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, lineNumbers } from "@codemirror/view";
import { useEffect, useRef } from "react";
import type { LineRange } from "../logs/log-view.ts";
import { readOnlyCode } from "./editor-look.ts";
import classes from "./code.module.css";

interface CodeViewProps {
  code: string;
  path: string;
  label: string;
  /** The lines that the address points at. */
  picked: LineRange | null;
  onPick: (line: number, extend: boolean) => void;
  /** Counts up when the search is to be opened. */
  searches: number;
}

/** The text of a file, to be read. */
export function CodeView({ code, path, label, picked, onPick, searches }: CodeViewProps) {
  const box = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const pick = useRef(onPick);
  pick.current = onPick;

  useEffect(() => {
    const editor = new EditorView({
      parent: box.current!,
      state: EditorState.create({
        doc: code,
        extensions: [pickableLineNumbers((line, extend) => pick.current(line, extend)), pickedLines, ...readOnlyCode(path, label)],
      }),
    });
    view.current = editor;
    return () => {
      editor.destroy();
      view.current = null;
    };
  }, [code, path, label]);

  useEffect(() => {
    const editor = view.current;
    if (editor === null) return;
    const from = picked === null ? null : Math.min(picked.from, editor.state.doc.lines);
    const show = from === null || isInSight(editor, from) ? [] : [EditorView.scrollIntoView(editor.state.doc.line(from).from, { y: "center" })];
    editor.dispatch({ effects: [setPicked.of(picked), ...show] });
  }, [picked?.from, picked?.to, code, path, label, picked]);

  useEffect(() => {
    if (searches > 0 && view.current !== null) openSearchPanel(view.current);
  }, [searches]);

  return <div ref={box} className={classes["editor"]} />;
}

function isInSight(editor: EditorView, line: number): boolean {
  const { top, bottom } = editor.lineBlockAt(editor.state.doc.line(line).from);
  const { scrollTop, clientHeight } = editor.scrollDOM;
  return top >= scrollTop && bottom <= scrollTop + clientHeight;
}

const setPicked = StateEffect.define<LineRange | null>();
const line = Decoration.line({ class: "cm-picked" });

const pickedLines = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(lines, transaction) {
    const effect = transaction.effects.findLast((one) => one.is(setPicked));
    if (effect === undefined) return lines;
    const builder = new RangeSetBuilder<Decoration>();
    const { doc } = transaction.state;
    const range: LineRange | null = effect.value;
    if (range !== null) {
      for (let number = range.from; number <= Math.min(range.to, doc.lines); number += 1) {
        const at = doc.line(number).from;
        builder.add(at, at, line);
      }
    }
    return builder.finish();
  },
  provide: (field) => EditorView.decorations.from(field),
});

function pickableLineNumbers(onPick: (line: number, extend: boolean) => void): Extension {
  return lineNumbers({
    domEventHandlers: {
      mousedown: (editor, block, event) => {
        event.preventDefault();
        onPick(editor.state.doc.lineAt(block.from).number, (event as MouseEvent).shiftKey);
        return true;
      },
    },
  });
}
