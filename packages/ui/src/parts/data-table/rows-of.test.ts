import { expect, it } from "vitest";
import type { DataColumn, TableRequest } from "./columns.ts";
import { rowsOf } from "./rows-of.ts";

interface Pool {
  name: string;
  slots: number | null;
  tags: string[];
  at: string;
}
const pools: Pool[] = [
  { name: "b10", slots: 3, tags: ["x"], at: "2026-01-01T00:00:00Z" },
  { name: "b9", slots: null, tags: [], at: "2026-01-02T00:00:00Z" },
  { name: "A", slots: 20, tags: ["x", "y"], at: "2026-01-03T00:00:00Z" },
];
const cell = () => null;
const columns: DataColumn<Pool>[] = [
  { id: "name", header: "Name", cell, orderBy: "name", filter: { kind: "text" }, value: (row) => row.name },
  { id: "slots", header: "Slots", cell, orderBy: "slots", filter: { kind: "duration" }, value: (row) => row.slots },
  { id: "tags", header: "Tags", cell, filter: { kind: "list" }, value: (row) => row.tags },
  { id: "at", header: "At", cell, filter: { kind: "instant" }, value: (row) => row.at },
];
const names = (request: Partial<TableRequest>) =>
  rowsOf(pools, columns, { filters: {}, orderBy: undefined, offset: 0, limit: 100, ...request }, Date.parse("2026-01-03T12:00:00Z")).rows.map(
    ({ name }) => name,
  );

it("orders as people do, what is not known last", () => {
  expect(names({ orderBy: "name" })).toEqual(["A", "b9", "b10"]);
  expect(names({ orderBy: "slots" })).toEqual(["b10", "A", "b9"]);
  expect(names({ orderBy: "-slots" })).toEqual(["A", "b10", "b9"]);
});

it("filters by each kind", () => {
  expect(names({ filters: { name: "B" } })).toEqual(["b10", "b9"]);
  expect(names({ filters: { tags: ["y"] } })).toEqual(["A"]);
  expect(names({ filters: { slots: "4.." } })).toEqual(["A"]);
  expect(names({ filters: { at: "-1d.." } })).toEqual(["A"]);
});

it("gives a page, and how many there are in all", () => {
  expect(rowsOf(pools, columns, { filters: {}, orderBy: "name", offset: 1, limit: 1 }, 0)).toEqual({ rows: [pools[1]], total: 3 });
});
