import { describe, expect, it } from "vitest";
import { type Lane, LoadQueue } from "./load-queue.ts";

/** Items run until they are let go. */
function heldQueue(lanes: number) {
  const started: string[] = [];
  const release = new Map<string, () => void>();
  const lanesOf = new Map<string, Lane>();
  const queue = new LoadQueue<string>(lanes, (item, lane) => {
    started.push(item);
    lanesOf.set(item, lane);
    return new Promise((resolve) => release.set(item, resolve));
  });
  const finish = async (item: string) => {
    release.get(item)?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { queue, started, finish, leave: (item: string) => lanesOf.get(item)?.leave() };
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

  it("starts the next when an item leaves its lane, and knows it as running until it has ended", async () => {
    const { queue, started, finish, leave } = heldQueue(1);
    for (const item of ["a", "b", "c"]) queue.add(item, false);
    leave("a");
    leave("a");
    expect(started).toEqual(["a", "b"]);
    queue.add("a", false);
    expect([queue.isRunning("a"), started.length]).toEqual([true, 2]);
    await finish("a");
    expect(queue.isRunning("a")).toBe(false);
    await finish("b");
    await finish("c");
    expect(started).toEqual(["a", "b", "c", "a"]);
  });

  it("starts nothing more while too many are held up outside of the lanes", async () => {
    const { queue, started, finish, leave } = heldQueue(1);
    for (let index = 0; index < 200; index++) queue.add(`${index}`, false);
    for (let index = 0; index < 200; index++) leave(`${index}`);
    expect(started).toHaveLength(100);
    await finish("0");
    expect(started).toHaveLength(101);
  });

  it("tells whether more is waiting that is as urgent", () => {
    const { queue } = heldQueue(1);
    for (const item of ["a", "b"]) queue.add(item, false);
    expect([queue.hasMore(false), queue.hasMore(true)]).toEqual([true, false]);
    for (const item of ["c", "d"]) queue.add(item, true);
    expect([queue.hasMore(false), queue.hasMore(true)]).toEqual([true, true]);
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
