import { createRequire } from "node:module";
import { errorMessage, type Json, type SchemaValidator } from "@tradewind/core";

const require = createRequire(import.meta.url);
let made: SchemaValidator | undefined;

/** Checks params by JSON schema, draft 2020-12, as an installation does. Its library is loaded when a DAG has params that are to be checked. */
export function schemaValidator(): SchemaValidator {
  return (made ??= makeValidator());
}

function makeValidator(): SchemaValidator {
  const { Ajv2020 } = require("ajv/dist/2020.js") as typeof import("ajv/dist/2020.js");
  const formats = require("ajv-formats") as typeof import("ajv-formats");
  const ajv = new Ajv2020({ strict: false, allErrors: true, addUsedSchema: false, logger: false, ownProperties: true });
  // The package is CommonJS: its default export arrives as a member of the module.
  const addFormats = (typeof formats.default === "function" ? formats.default : formats) as unknown as (target: typeof ajv) => void;
  addFormats(ajv);
  return (schema: { [key: string]: Json }, value: Json) => {
    try {
      const validate = ajv.compile(schema);
      if (validate(value)) return [];
      return (validate.errors ?? []).map(
        ({ instancePath, message }) => `${instancePath === "" ? "" : `at ${instancePath} `}${message ?? "does not fit its schema"}`,
      );
    } catch (error) {
      return [`has a JSON schema that cannot be used (${errorMessage(error)}): correct it in the DAG file`];
    }
  };
}
