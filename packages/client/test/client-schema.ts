import { describeRestApi } from "@tradewind/api";
import openapiTypescript, { astToString } from "openapi-typescript";

const HEADING = `// The REST API's paths and schemas as types, made from its OpenAPI document by test/write-schema.ts; not to be edited.\n\n`;

/** The text of src/schema.gen.ts for the REST API as it is. */
export async function clientSchema(): Promise<string> {
  const document = await describeRestApi({ version: "2" });
  const nodes = await openapiTypescript(document as never, { alphabetize: true, defaultNonNullable: false, emptyObjectsUnknown: true });
  return HEADING + astToString(nodes);
}
