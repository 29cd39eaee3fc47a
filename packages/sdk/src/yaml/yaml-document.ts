import { type Document, isMap, isScalar, LineCounter, parseAllDocuments, type Range } from "yaml";
import { isTradewindError } from "@tradewind/core";
import { definitionError } from "../definition-error.ts";

/** A place in a YAML file, from 1. */
export interface YamlPlace {
  line: number;
  column: number;
}

type Path = readonly (string | number)[];

/** One document of a YAML file, with the places of what is in it. */
export class YamlDocument {
  readonly value: unknown;
  readonly #document: Document;
  readonly #lines: LineCounter;

  constructor(document: Document, lines: LineCounter) {
    this.#document = document;
    this.#lines = lines;
    this.value = document.toJS({ maxAliasCount: 100 });
  }

  /** Where the value at a path begins; of one that is not there, the nearest thing around it. */
  placeOf(path: Path): YamlPlace {
    for (let length = path.length; length >= 0; length--) {
      const node = length === 0 ? this.#document.contents : this.#document.getIn(path.slice(0, length), true);
      const range = (node as { range?: Range | null } | undefined)?.range;
      if (range) return this.#place(range[0]);
    }
    return { line: 1, column: 1 };
  }

  /** Where the name of the last member of a path stands. */
  placeOfKey(path: Path): YamlPlace {
    const parent = path.length === 1 ? this.#document.contents : this.#document.getIn(path.slice(0, -1), true);
    const key = isMap(parent) ? parent.items.find((pair) => isScalar(pair.key) && pair.key.value === path.at(-1))?.key : undefined;
    const range = (key as { range?: Range | null } | undefined)?.range;
    return range ? this.#place(range[0]) : this.placeOf(path);
  }

  #place(offset: number): YamlPlace {
    const { line, col } = this.#lines.linePos(offset);
    return { line, column: col };
  }
}

/**
 * The documents of a YAML file; empty ones are left out.
 * @throws TradewindError `invalid_dag` with the place of what cannot be parsed
 */
export function parseYaml(text: string): YamlDocument[] {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, merge: true });
  if ("empty" in documents) return [];
  for (const { errors } of documents) {
    const error = errors[0];
    if (error === undefined) continue;
    // What is missing at the end is told at the last thing that is there.
    const { line, col } = lines.linePos(Math.min(error.pos[0], text.trimEnd().length));
    throw yamlError(`This is not YAML: ${error.message}`, { line, column: col });
  }
  return documents.filter((document) => document.contents !== null).map((document) => new YamlDocument(document, lines));
}

/** Stands for the YAML file in a stack: whoever shows the error knows the file. */
const YAML_FRAME = "yaml";

/** What `site` of a definition is for a DAG file of YAML: errors point there. */
export function yamlSite({ line, column }: YamlPlace): Error {
  const site = new Error("defined here");
  site.stack = `Error: defined here\n    at ${YAML_FRAME}:${line}:${column}`;
  return site;
}

export function yamlError(message: string, place: YamlPlace, facts: { dagId?: string; taskId?: string } = {}): Error {
  return definitionError(message, { ...facts, site: yamlSite(place) });
}

/** What a definition made here throws points to the document: the lines of the program that reads it tell an author nothing. */
export function atPlace<T>(place: YamlPlace, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (isTradewindError(error) && !error.stack?.includes(`    at ${YAML_FRAME}:`)) {
      error.stack = `${error.name}: ${error.message}\n${yamlSite(place).stack!.split("\n").slice(1).join("\n")}`;
    }
    throw error;
  }
}
