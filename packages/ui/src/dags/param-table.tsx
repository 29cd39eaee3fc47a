import { Table } from "@mantine/core";
import { type JsonSchema, labelOf } from "../trigger/param-fields.ts";
import classes from "./param-table.module.css";

interface Param {
  value: unknown;
  schema: JsonSchema;
  description: string | null;
}

/** The params of a DAG: their defaults, what values they take, what they are for. */
export function ParamTable({ params }: { params: readonly (readonly [name: string, param: unknown])[] }) {
  return (
    <Table fz="sm" verticalSpacing={5} className={classes["table"]}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Name</Table.Th>
          <Table.Th>Default</Table.Th>
          <Table.Th>Takes</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {params.map(([name, given]) => {
          const { value, schema, description } = given as Param;
          return (
            <Table.Tr key={name}>
              <Table.Td>
                {name}
                {description !== null && (
                  <div className={classes["about"]} aria-label="Description">
                    {description}
                  </div>
                )}
              </Table.Td>
              <Table.Td data-what="default">{value === null ? "–" : <code>{JSON.stringify(value)}</code>}</Table.Td>
              <Table.Td data-what="takes">{describeSchema(schema)}</Table.Td>
            </Table.Tr>
          );
        })}
      </Table.Tbody>
    </Table>
  );
}

/** A JSON schema in a few words. */
export function describeSchema(schema: JsonSchema): string {
  const { type, enum: choices, minimum, maximum, minLength, maxLength, pattern, format } = schema;
  const words: string[] = [];
  if (Array.isArray(choices)) words.push(`one of ${choices.map(labelOf).join(", ")}`);
  else if (type !== undefined) words.push(Array.isArray(type) ? type.map(labelOf).join(" or ") : labelOf(type));
  if (format !== undefined) words.push(labelOf(format));
  if (minimum !== undefined) words.push(`from ${labelOf(minimum)}`);
  if (maximum !== undefined) words.push(`up to ${labelOf(maximum)}`);
  if (minLength !== undefined) words.push(`at least ${labelOf(minLength)} characters`);
  if (maxLength !== undefined) words.push(`at most ${labelOf(maxLength)} characters`);
  if (pattern !== undefined) words.push(`like ${labelOf(pattern)}`);
  return words.length === 0 ? "anything" : words.join(", ");
}
