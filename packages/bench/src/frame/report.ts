import type { Figure } from "../measure/figures.ts";
import type { Half, ShapeResult } from "./run-shape.ts";

/** What a shape gave, for people. */
export function reportText(result: ShapeResult): string {
  const lines = [`${result.name}: ${result.what}`, `  goal: ${result.goal}`];
  if (result.machineSpeed) {
    const { cpuMs, selectMs, commitMs, processMs } = result.machineSpeed;
    lines.push(`  machine at that moment: ten million steps ${cpuMs} ms, select ${selectMs} ms, commit ${commitMs} ms, Node process ${processMs} ms`);
  }
  for (const kind of ["tradewind", "airflow"] as const) {
    const half = result[kind];
    if (half) lines.push(...halfLines(kind, half));
  }
  if (result.ratio)
    lines.push(`  Tradewind is better by`, ...Object.entries(result.ratio).map(([name, times]) => `    ${name.padEnd(28)} ${times} ×`));
  return `${lines.join("\n")}\n`;
}

function halfLines(kind: string, half: Half): string[] {
  if (half.error !== undefined) return [`  ${kind}: no figures: ${half.error}`];
  const lines = [`  ${kind}: ${half.scale} (${half.seconds} s in all)`];
  for (const [name, figure] of Object.entries(half.figures ?? {})) lines.push(`    ${name.padEnd(28)} ${figureText(figure)}`);
  for (const [name, usage] of Object.entries(half.usage ?? {})) {
    const cpu = Object.entries(usage.cpuSeconds).map(([part, seconds]) => `${part} ${seconds}`);
    lines.push(
      `    used by ${name}: ${usage.cpuSecondsTotal} s of processor time in ${usage.seconds} s (${cpu.join(", ")}); ${usage.statements} statements, ${usage.walMb} MB of WAL`,
    );
  }
  for (const [name, value] of Object.entries(half.details ?? {}))
    lines.push(`    ${name.padEnd(28)} ${typeof value === "string" ? value : JSON.stringify(value)}`);
  return lines;
}

function figureText({ median, min, max, runs, unit }: Figure): string {
  const spread = runs > 1 ? `  (${min} … ${max}, ${runs} runs)` : "";
  return `${median} ${unit}${spread}`;
}
