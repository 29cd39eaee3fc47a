import { describe, expect, it } from "vitest";
import { LoadQueue } from "./load-queue.ts";

/** Items run until they are let go. */
function heldQueue(lanes: number) {
  const started: string[] = [];
  const release = new Map<string, () => void>();
  const queue = new LoadQueue<string>(lanes, (item) => {
    started.push(item);
    return new Promise((resolve) => release.set(item, resolve));
  });
  const finish = async (item: string) => {
    release.get(item)?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { queue, started, finish };
}

describe("LoadQueue", () => {
  it("runs as many as there are lanes, in the order they came", async () => {
    const { queue, started, finish } = heldQueue(2);
    for (const item of ["a", "b", "c", "d"]) queue.add(item, false);
    expect(started).toEqual(["a", "b"]);
    await finish("b");
    expect(started).toEqual(["a", "b", "c"]);
    expect(queue.size).toBe(1);
  });

  it("has one more lane for urgent items, and takes them first", async () => {
    const { queue, started, finish } = heldQueue(1);
    for (const item of ["a", "b", "c"]) queue.add(item, false);
    queue.add("c", true);
    expect(started).toEqual(["a", "c"]);
    queue.add("d", true);
    await finish("a");
    expect(started).toEqual(["a", "c", "d"]);
  });

  it("runs an item again that was added while it ran, once", async () => {
    const { queue, started, finish } = heldQueue(2);
    queue.add("a", false);
    queue.add("a", true);
    queue.add("a", true);
    expect(started).toEqual(["a"]);
    await finish("a");
    expect(started).toEqual(["a", "a"]);
    await finish("a");
    await queue.whenIdle();
    expect(started).toHaveLength(2);
  });

  it("stops when what runs has ended, and starts nothing more", async () => {
    const { queue, started, finish } = heldQueue(1);
    queue.add("a", false);
    queue.add("b", false);
    let stopped = false;
    const stopping = queue.stop().then(() => (stopped = true));
    queue.add("c", true);
    expect(stopped).toBe(false);
    await finish("a");
    await stopping;
    expect(started).toEqual(["a"]);
  });
});
