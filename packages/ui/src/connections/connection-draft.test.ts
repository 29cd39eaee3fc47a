import { CONNECTION_FORMS } from "@tradewind/core";
import { describe, expect, test } from "vitest";
import type { Connection } from "../api/connections.ts";
import { bodyOf, type ConnectionDraft, draftOf, fieldsOf, problemsOf, secretsToGive } from "./connection-draft.ts";

const STORED: Connection = {
  connection_id: "warehouse",
  conn_type: "postgres",
  description: null,
  host: "db.example.com",
  port: 5433,
  login: "reader",
  password: "***",
  schema: "sales",
  extra: '{"sslmode":"require","connect_timeout":5,"keepalives":1}',
  team_name: null,
};

describe("a stored connection in its form", () => {
  test("has members of extra in the fields that are theirs, and the others as JSON", () => {
    const draft = draftOf(STORED);
    expect(draft.values).toMatchObject({
      host: "db.example.com",
      port: "5433",
      password: "***",
      "extra.sslmode": "require",
      "extra.connect_timeout": "5",
    });
    expect(JSON.parse(draft.extra)).toEqual({ keepalives: 1 });
  });

  test("is the same when it is sent back untouched", () => {
    const body = bodyOf(draftOf(STORED));
    expect({ ...body, extra: JSON.parse(body.extra!) as unknown }).toEqual({
      connection_id: "warehouse",
      conn_type: "postgres",
      description: null,
      host: "db.example.com",
      port: 5433,
      login: "reader",
      password: "***",
      schema: "sales",
      extra: { sslmode: "require", connect_timeout: 5, keepalives: 1 },
    });
  });

  test("of a type of one's own has all columns", () => {
    expect(fieldsOf(draftOf({ ...STORED, conn_type: "mainframe" })).map(({ place }) => place)).toEqual([
      "host",
      "port",
      "login",
      "password",
      "schema",
    ]);
  });

  test("shows what its type has no field for, when it holds something", () => {
    expect(fieldsOf(draftOf({ ...STORED, conn_type: "fs" })).map(({ place }) => place)).toEqual([
      "extra.path",
      "host",
      "port",
      "login",
      "password",
      "schema",
    ]);
  });

  test("whose extra is no object keeps it as it is", () => expect(draftOf({ ...STORED, extra: "[1]" }).extra).toBe("[1]"));
});

describe("what is wrong", () => {
  const good: ConnectionDraft = draftOf(STORED);
  test.each<[string, Partial<ConnectionDraft>, string]>([
    ["no id", { connectionId: " " }, "connection_id"],
    ["an id with spaces", { connectionId: "a b" }, "connection_id"],
    ["no type", { connType: "" }, "conn_type"],
    ["a port of letters", { values: { port: "http" } }, "port"],
    ["extra that is a list", { extra: "[1]" }, "extra"],
    ["no host of a mail server", { connType: "smtp", values: {} }, "host"],
  ])("%s", (_name, change, place) => expect(Object.keys(problemsOf({ ...good, ...change }))).toEqual([place]));

  test.each(CONNECTION_FORMS)("nothing, with all that $title needs", ({ connType, fields }) => {
    const values = Object.fromEntries(fields.filter(({ isRequired }) => isRequired).map(({ place }) => [place, "x"]));
    expect(problemsOf({ ...good, connType, values, extra: "" })).toEqual({});
  });
});

describe("hidden secrets", () => {
  const changed = (values: ConnectionDraft["values"], more: Partial<ConnectionDraft> = {}): ConnectionDraft => {
    const draft = draftOf(STORED);
    return { ...draft, ...more, values: { ...draft.values, ...values } };
  };

  test("stay with the settings that they were given for", () => {
    expect(secretsToGive(draftOf(STORED), STORED)).toEqual({});
    expect(secretsToGive(changed({}, { description: "Another text" }), STORED)).toEqual({});
  });

  test("have to be given again with another host, port, login, schema, type or extra", () => {
    for (const draft of [
      changed({ host: "elsewhere.example.com" }),
      changed({ port: "5434" }),
      changed({ login: "writer" }),
      changed({ schema: "" }),
      changed({ "extra.sslmode": "disable" }),
      changed({}, { extra: '{"keepalives":0}' }),
      changed({}, { connType: "mysql" }),
    ]) {
      expect(Object.keys(secretsToGive(draft, STORED))).toEqual(["password"]);
    }
  });

  test("that were given again, or emptied, are no question any more", () => {
    expect(secretsToGive(changed({ host: "elsewhere.example.com", password: "new" }), STORED)).toEqual({});
    expect(secretsToGive(changed({ host: "elsewhere.example.com", password: "" }), STORED)).toEqual({});
  });

  test("in extra are asked for there; the order of its members is no change", () => {
    const stored = { ...STORED, password: null, extra: '{"a":1,"api_token":"***"}' };
    expect(secretsToGive({ ...draftOf(stored), extra: '{"api_token":"***","a":1}' }, stored)).toEqual({});
    expect(Object.keys(secretsToGive({ ...draftOf(stored), extra: '{"a":2,"api_token":"***"}' }, stored))).toEqual(["extra"]);
  });

  test("of a new connection are not hidden", () => {
    expect(secretsToGive(changed({ host: "elsewhere.example.com" }), null)).toEqual({});
  });
});
