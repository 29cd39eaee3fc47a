import type { Migration } from "../migrations.ts";
import { initial } from "./0001-initial.ts";

/** Every schema step of this release, in order. A released step is never edited: write the next one. */
export const migrations: readonly Migration[] = [initial];
