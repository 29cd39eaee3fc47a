import { errorMessage, type Json, type SchemaValidator } from "@tradewind/core";

/** Checks params by JSON schema, draft 2020-12, as an installation does. Its library is loaded when a DAG has params. */
export async function loadSchemaValidator(): Promise<SchemaValidator> {
  const [{ Ajv2020 }, formats] = await Promise.all([import("ajv/dist/2020.js"), import("ajv-formats")]);
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
