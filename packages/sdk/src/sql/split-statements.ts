/** One statement of a text, with what its text tells about its values. */
export interface SqlStatement {
  /** Without the semicolon and the white space around it; comments in front are kept. */
  text: string;
  /** The highest `$n` in it; 0: it takes no values. */
  highestParameter: number;
}

/** Pieces in which a semicolon means nothing, comments, numbered parameters, and words; by PostgreSQL's rules. */
const PIECE = new RegExp(
  [
    String.raw`(?<comment>--[^\n]*|/\*)`,
    String.raw`(?<quoted>(?<![\w$])[eE]'(?:[^'\\]|\\.|'')*'?|'(?:[^']|'')*'?|"(?:[^"]|"")*"?)`,
    String.raw`(?<dollar>(?<![\w$])\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$)`,
    String.raw`(?<parameter>(?<![\w$])\$\d+)`,
    String.raw`(?<word>[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)`,
    String.raw`(?<mark>[();])`,
  ].join("|"),
  "gs",
);

/**
 * Splits a text at its semicolons, as psql does: not inside of quotes, dollar quotes, comments (which nest), parentheses, or the body of a function that is written as
 * `begin atomic … end`. Statements that are nothing but comments are left out.
 *
 * @example
 * splitStatements("insert into a values ('x;y'); select $1;"); // two statements, the second with highestParameter 1
 */
export function splitStatements(text: string): SqlStatement[] {
  const found: SqlStatement[] = [];
  let state = freshState(0);
  const end = (at: number) => {
    if (state.hasContent) found.push({ text: text.slice(state.start, at).trim(), highestParameter: state.highestParameter });
  };
  const pieces = new RegExp(PIECE);
  let previousEnd = 0;
  for (let match = pieces.exec(text); match !== null; match = pieces.exec(text)) {
    if (/\S/.test(text.slice(previousEnd, match.index))) state.hasContent = true;
    const groups = match.groups as Record<string, string | undefined>;
    if (groups.comment !== undefined) pieces.lastIndex = groups.comment === "/*" ? endOfComment(text, match.index) : pieces.lastIndex;
    else if (match[0] === ";" && state.parentheses === 0 && state.blocks === 0) {
      end(match.index);
      state = freshState(pieces.lastIndex);
    } else {
      state.hasContent = true;
      if (groups.dollar !== undefined) pieces.lastIndex = endOfDollarQuote(text, groups.dollar, pieces.lastIndex);
      else if (groups.parameter !== undefined) state.highestParameter = Math.max(state.highestParameter, Number(groups.parameter.slice(1)));
      else if (groups.word !== undefined) readWord(state, groups.word.toLowerCase());
      else if (match[0] === "(") state.parentheses++;
      else if (match[0] === ")") state.parentheses = Math.max(0, state.parentheses - 1);
    }
    previousEnd = pieces.lastIndex;
  }
  if (/\S/.test(text.slice(previousEnd))) state.hasContent = true;
  end(text.length);
  return found;
}

interface SplitState {
  start: number;
  hasContent: boolean;
  highestParameter: number;
  parentheses: number;
  /** Open `begin … end` and `case … end` of the body of a routine. */
  blocks: number;
  /** The first words, which tell whether this makes a routine. */
  firstWords: string[];
}

function freshState(start: number): SplitState {
  return { start, hasContent: false, highestParameter: 0, parentheses: 0, blocks: 0, firstWords: [] };
}

/** Only in a statement that makes a routine does `begin` open a block; elsewhere it begins a transaction. */
function readWord(state: SplitState, word: string): void {
  if (state.firstWords.length < 4) state.firstWords.push(word);
  if (state.parentheses > 0 || !/^create (or replace )?(function|procedure)\b/.test(state.firstWords.join(" "))) return;
  if (word === "begin" || (word === "case" && state.blocks > 0)) state.blocks++;
  else if (word === "end" && state.blocks > 0) state.blocks--;
}

function endOfComment(text: string, start: number): number {
  const marks = /\/\*|\*\//g;
  marks.lastIndex = start;
  let depth = 0;
  for (let mark = marks.exec(text); mark !== null; mark = marks.exec(text)) {
    depth += mark[0] === "/*" ? 1 : -1;
    if (depth === 0) return marks.lastIndex;
  }
  return text.length;
}

function endOfDollarQuote(text: string, tag: string, from: number): number {
  const end = text.indexOf(tag, from);
  return end === -1 ? text.length : end + tag.length;
}
