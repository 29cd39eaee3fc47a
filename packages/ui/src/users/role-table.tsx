import { Table, Text } from "@mantine/core";
import { IconCheck } from "@tabler/icons-react";
import type { Role } from "../api/users.ts";
import classes from "./users.module.css";

/** Every permission by every role: roles are few, and fixed. */
export function RoleTable({ roles }: { roles: readonly Role[] }) {
  const permissions = [...new Set(roles.flatMap((role) => role.permissions))];
  return (
    <>
      <div className={classes["scroll"]} tabIndex={0} role="region" aria-label="Roles">
        <Table className={classes["table"]}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>May</Table.Th>
              {roles.map(({ name }) => (
                <Table.Th key={name} ta="center">
                  {name}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {permissions.map((permission) => (
              <Table.Tr key={permission}>
                <Table.Td>{inWords(permission)}</Table.Td>
                {roles.map((role) => (
                  <Table.Td key={role.name} ta="center">
                    {role.permissions.includes(permission) ? (
                      <>
                        <IconCheck size={16} className={classes["yes"]} aria-hidden />
                        <span className="visually-hidden">yes</span>
                      </>
                    ) : (
                      <Text span c="dimmed" aria-label="no">
                        ·
                      </Text>
                    )}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
    </>
  );
}

/** `dag_runs:create`: create DAG runs. */
function inWords(permission: string): string {
  const [subject = "", action = ""] = permission.split(":");
  return `${action} ${subject
    .replaceAll("_", " ")
    .replace(/^dag\b/, "DAG")
    .replace(/^dags$/, "DAGs")
    .replace(/^xcoms$/, "XComs")}`;
}
