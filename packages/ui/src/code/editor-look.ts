import { javascript } from "@codemirror/lang-javascript";
import { yaml } from "@codemirror/lang-yaml";
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorState, type Extension } from "@codemirror/state";
import { EditorView, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";

/** Each pair has 4.5:1 against the ground in light and dark. */
const COLORS = HighlightStyle.define([
  { tag: [tags.keyword, tags.modifier, tags.operatorKeyword, tags.controlKeyword], color: "light-dark(#9a2a6b, #f09bcb)" },
  { tag: [tags.string, tags.special(tags.string), tags.regexp], color: "light-dark(#1f6b3a, #8fd6a5)" },
  { tag: [tags.number, tags.bool, tags.null, tags.atom], color: "light-dark(#0b5cad, #8ac4ff)" },
  { tag: [tags.comment, tags.meta], color: "light-dark(#5f6873, #8e98a3)", fontStyle: "italic" },
  { tag: [tags.typeName, tags.className, tags.namespace], color: "light-dark(#8a5300, #f0c17a)" },
  { tag: [tags.function(tags.variableName), tags.function(tags.propertyName)], color: "light-dark(#5b3aa0, #c9b0ff)" },
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "light-dark(#0d6470, #80d4e0)" },
]);

const LOOK = EditorView.theme({
  "&": { height: "100%", fontSize: "12.5px", backgroundColor: "var(--tw-page)", color: "var(--mantine-color-text)" },
  "&.cm-focused": { outline: "2px solid var(--mantine-primary-color-filled)", outlineOffset: "-2px" },
  ".cm-scroller": { fontFamily: "var(--mantine-font-family-monospace)", lineHeight: "1.6" },
  ".cm-gutters": { backgroundColor: "var(--tw-bar)", color: "var(--mantine-color-dimmed)", borderRight: "1px solid var(--tw-line)" },
  ".cm-lineNumbers .cm-gutterElement": { padding: "0 10px 0 14px", cursor: "pointer" },
  ".cm-lineNumbers .cm-gutterElement:hover": { color: "var(--mantine-color-text)", textDecoration: "underline" },
  ".cm-picked": { backgroundColor: "light-dark(#fff3bf, #3d3510)" },
  ".cm-panels": { backgroundColor: "var(--tw-bar)", color: "var(--mantine-color-text)", borderColor: "var(--tw-line)" },
  ".cm-panel.cm-search": { padding: "6px 10px", fontFamily: "var(--mantine-font-family)" },
  ".cm-panel.cm-search label": { display: "inline-flex", alignItems: "center", gap: "3px", fontSize: "12px", marginLeft: "8px" },
  ".cm-panel.cm-search [name=close]": { top: "8px", right: "10px", fontSize: "18px", lineHeight: "1", color: "inherit", cursor: "pointer" },
  ".cm-panel.cm-search .cm-textfield": { padding: "4px 8px", fontSize: "13px" },
  ".cm-panel.cm-search .cm-button": { padding: "4px 10px", fontSize: "12px" },
  ".cm-textfield": {
    backgroundColor: "var(--tw-page)",
    color: "inherit",
    border: "1px solid var(--tw-line)",
    borderRadius: "4px",
    padding: "3px 6px",
  },
  ".cm-button": {
    backgroundImage: "none",
    backgroundColor: "var(--tw-page)",
    color: "inherit",
    border: "1px solid var(--tw-line)",
    borderRadius: "4px",
  },
  ".cm-searchMatch": { backgroundColor: "light-dark(#ffe066, #6b5a00)" },
  ".cm-searchMatch-selected": { backgroundColor: "light-dark(#ffa94d, #b35309)" },
  ".cm-selectionMatch": { backgroundColor: "light-dark(#e7f0f7, #233039)" },
  // What was added and removed: told by colour, and by the sign in the gutter.
  "&.cm-merge-b .cm-changedLine, .cm-insertedLine": { backgroundColor: "light-dark(#e6f6e9, #14291a)" },
  "&.cm-merge-a .cm-changedLine, .cm-deletedChunk": { backgroundColor: "light-dark(#fdeceb, #2f1718)" },
  "&.cm-merge-b .cm-changedText, .cm-insertedLine .cm-changedText": { background: "light-dark(#b9e6c3, #184626)" },
  "&.cm-merge-a .cm-changedText, .cm-deletedChunk .cm-deletedText": { background: "light-dark(#fbd5d2, #5e1f1f)" },
  ".cm-deletedChunk": { paddingLeft: "6px" },
  ".cm-deletedLine, .cm-deletedLine del": { textDecoration: "none" },
  ".cm-collapsedLines::before, .cm-collapsedLines::after": { content: "none" },
  ".cm-collapsedLines": {
    color: "var(--mantine-color-dimmed)",
    background: "var(--tw-soft)",
    padding: "3px 10px",
    cursor: "pointer",
  },
});

/** What every view of code has: it is read, searched and copied from, never written. */
export function readOnlyCode(path: string, label: string): Extension[] {
  return [
    lineNumbers(),
    EditorState.readOnly.of(true),
    EditorView.editable.of(false),
    EditorView.contentAttributes.of({ tabindex: "0", role: "textbox", "aria-readonly": "true", "aria-multiline": "true", "aria-label": label }),
    search({ top: true }),
    highlightSelectionMatches(),
    keymap.of(searchKeymap),
    languageOf(path),
    syntaxHighlighting(COLORS),
    LOOK,
  ];
}

function languageOf(path: string): Extension {
  if (/\.ya?ml$/u.test(path)) return yaml();
  return javascript({ typescript: !/\.[cm]?jsx?$/u.test(path), jsx: path.endsWith("x") });
}
