import { type ListedConfig, listConfig, loadConfig } from "@tradewind/config";
import { processOutput } from "../output/output.ts";
import type { ConfigListOptions } from "../program/installation-commands.ts";

const showValue = (value: unknown): string | null =>
  value === null ? null : typeof value === "string" ? value : Array.isArray(value) ? value.join(", ") || "(none)" : JSON.stringify(value);

export async function listConfiguration(options: ConfigListOptions): Promise<void> {
  const output = processOutput(options.output);
  const loaded = await loadConfig({ env: process.env, cwd: process.cwd() });
  const isWanted = (entry: ListedConfig): boolean =>
    (options.section === undefined || entry.key.split(".")[0] === options.section) && (options.changed !== true || entry.source !== "default");
  output.list(
    listConfig(loaded).filter(isWanted),
    [
      { title: "KEY", value: (entry) => entry.key },
      { title: "VALUE", value: (entry) => showValue(entry.value) },
      { title: "FROM", value: (entry) => ({ text: entry.source, style: entry.source === "default" ? "dim" : "cyan" }) },
      { title: "DESCRIPTION", value: (entry) => entry.description, mayBeCut: true },
    ],
    { none: options.changed === true ? "Everything has its default." : "There is no such section." },
  );
}
