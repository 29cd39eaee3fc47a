import { describe, expect, it } from "vitest";
import { readOptions, UsageError } from "./options.ts";
import { SHAPES } from "./shapes.ts";

describe("options", () => {
  it("without names mean all shapes, on Tradewind alone", () => {
    const options = readOptions([]);
    expect(options.shapes).toEqual(SHAPES);
    expect(options).toMatchObject({ systems: ["tradewind"], size: "full", tuning: "tuned", json: false });
  });

  it("name shapes, the peer, and how it is set up", () => {
    const options = readOptions(["throughput", "chain", "--vs", "airflow", "--json", "--airflow-settings", "default"]);
    expect(options.shapes.map((shape) => shape.name)).toEqual(["chain", "throughput"]);
    expect(options).toMatchObject({ systems: ["tradewind", "airflow"], json: true, tuning: "default" });
  });

  it("may leave ours out", () => expect(readOptions(["chain", "--only", "airflow"]).systems).toEqual(["airflow"]));

  it.each([
    [["nothing"], /There is no benchmark "nothing"\. There are: all, chain,/u],
    [["chain", "--vs", "cron"], /--vs takes airflow, got "cron"/u],
    [["chain", "--size", "huge"], /--size takes full or small, got "huge"/u],
    [["chain", "--fast"], /--fast/u],
  ])("%j is refused, with what there is", (args, message) => {
    expect(() => readOptions(args)).toThrow(UsageError);
    expect(() => readOptions(args)).toThrow(message);
  });

  it("no two shapes have the same name", () => expect(new Set(SHAPES.map((shape) => shape.name)).size).toBe(SHAPES.length));
});
