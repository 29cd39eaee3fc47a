import { CONNECTION_FORMS, type ConnectionField, type ConnectionForm, type Json } from "@tradewind/core";
import { expect, test } from "vitest";
import type { Connection } from "../runtime.ts";
import { connectionAs, type ConnectionKind, connectionKindOf } from "./connection-kinds.ts";

/** What a person might write, unlike every default. */
const SAMPLES: Record<string, Json> = {
  "docker extra.registry": "registry.example.com",
  "fs extra.path": "/data",
  "gcs extra.keyfile_dict": '{"type":"service_account"}',
  "gcs extra.endpoint_url": "http://gcs.example.com",
  "http host": "https://api.example.com",
  "http extra.auth": "bearer",
  "s3 extra.endpoint_url": "https://s3.example.com",
  "azure_blob host": "https://blobs.example.com",
  "docker host": "tcp://docker.example.com",
  "slack_webhook password": "https://hooks.example.com/a/b",
};

function sampleOf({ connType }: ConnectionForm, { place, type, choices }: ConnectionField): Json {
  const written = SAMPLES[`${connType} ${place}`];
  if (written !== undefined) return written;
  if (type === "number") return 1234;
  if (type === "boolean") return true;
  return type === "choice" ? choices.at(-1)! : `a ${place}`;
}

function filled(form: ConnectionForm, fields: readonly ConnectionField[]): Connection {
  const connection: Connection = {
    connectionId: "c",
    connType: form.connType,
    description: null,
    host: null,
    port: null,
    login: null,
    password: null,
    schema: null,
    extra: {},
  };
  for (const field of fields) {
    const value = sampleOf(form, field);
    if (field.place.startsWith("extra.")) connection.extra[field.place.slice(6)] = value;
    else Object.assign(connection, { [field.place]: value });
  }
  return connection;
}

const fields = CONNECTION_FORMS.flatMap((form) => form.fields.map((field) => ({ form, field, name: `${form.connType}: ${field.place}` })));

test.each(fields)("$name makes a difference to what is read, and is required where the form says so", ({ form, field }) => {
  const read = (given: readonly ConnectionField[]) => JSON.stringify(connectionAs(filled(form, given), form.connType as ConnectionKind));
  const others = form.fields.filter((other) => other !== field);
  const required = others.filter(({ isRequired }) => isRequired);
  if (field.isRequired) expect(() => read(others)).toThrow(field.place);
  // Beside all others it may be outdone by one of them, and alone it may mean nothing.
  else expect([others, required].some((given) => readOrRefusal(() => read([...given, field])) !== readOrRefusal(() => read(given)))).toBe(true);
});

function readOrRefusal(read: () => string): string {
  try {
    return read();
  } catch (error) {
    return (error as Error).message;
  }
}

test.each(CONNECTION_FORMS)("all types of $title are of one kind, which may be used", (form) => {
  for (const connType of [form.connType, ...form.otherTypes, form.connType.toUpperCase()]) expect(connectionKindOf(connType)).toBe(form.connType);
});

test("every other type is kept as it is", () => expect(connectionKindOf("my_own")).toBe("generic"));
