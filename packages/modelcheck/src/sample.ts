import fc from "fast-check";
import { type Case, cases } from "./generate/case.ts";

/** How many random cases a test runs: `TRADEWIND_MODEL_CASES`, or its own number. */
export function countOfCases(usual: number): number {
  return Number(process.env["TRADEWIND_MODEL_CASES"] ?? usual);
}

/** In CI always the same; elsewhere new ones each time, unless `TRADEWIND_MODEL_SEED` says which. */
export function seedOfCases(): number {
  const given = process.env["TRADEWIND_MODEL_SEED"];
  if (given !== undefined) return Number(given);
  return process.env["CI"] === undefined ? Math.floor(Math.random() * 2 ** 31) : 20_261_121;
}

/** The cases that a seed stands for. */
export function sampleCases(seed: number, count: number): Case[] {
  return fc.sample(cases, { seed, numRuns: count });
}
