import { Box, Button, Group, Loader, Tabs, Title } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { usePermissions } from "../api/use-permissions.ts";
import { dagGrantsQuery, rolesQuery, usersQuery } from "../api/users.ts";
import { Empty } from "../parts/empty.tsx";
import { GrantDialog } from "./grant-dialog.tsx";
import { GrantTable } from "./grant-table.tsx";
import { RoleTable } from "./role-table.tsx";
import { UserDialog } from "./user-dialog.tsx";
import type { UsersPart, UsersSearch } from "./user-search.ts";
import { UserTable } from "./user-table.tsx";

/** Who may log in, what each role may do, and who may do more with some DAGs. */
export function UsersPage() {
  const { part = "users", edit } = useSearch({ from: "/users" });
  const navigate = useNavigate({ from: "/users" });
  const isEditor = usePermissions()("users:edit");
  const [isGranting, setGranting] = useState(false);
  const users = useQuery(usersQuery);
  const roles = useQuery(rolesQuery);
  const grants = useQuery(dagGrantsQuery);
  const go = (next: UsersSearch) => void navigate({ search: next, replace: true });
  const partSearch: UsersSearch = part === "users" ? {} : { part };
  const edited = edit === undefined || edit === "" ? null : users.data?.find(({ username }) => username === edit);
  return (
    <Box p="md" maw={1100} mx="auto">
      <Group justify="space-between" mb="sm">
        <Title order={1}>Users</Title>
        {isEditor && part === "users" && (
          <Button size="xs" leftSection={<IconPlus size={14} />} onClick={() => go({ ...partSearch, edit: "" })}>
            New user
          </Button>
        )}
        {isEditor && part === "grants" && (
          <Button size="xs" leftSection={<IconPlus size={14} />} onClick={() => setGranting(true)}>
            New grant
          </Button>
        )}
      </Group>
      <Tabs value={part} onChange={(next) => go(next === "users" ? {} : { part: next as UsersPart })} keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="users">Users</Tabs.Tab>
          <Tabs.Tab value="roles">Roles</Tabs.Tab>
          <Tabs.Tab value="grants">DAG grants</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="users">
          {users.data === undefined ? (
            <Loader size="sm" aria-label="Loading" />
          ) : (
            <UserTable users={users.data} isEditor={isEditor} onEdit={(username) => go({ ...partSearch, edit: username })} />
          )}
        </Tabs.Panel>
        <Tabs.Panel value="roles">
          {roles.data === undefined ? <Loader size="sm" aria-label="Loading" /> : <RoleTable roles={roles.data} />}
        </Tabs.Panel>
        <Tabs.Panel value="grants">
          {grants.data === undefined ? (
            <Loader size="sm" aria-label="Loading" />
          ) : grants.data.length === 0 ? (
            <Empty title="Nobody has a grant">
              A role is for all DAGs. A grant gives a user, or all of a role, more than that for one DAG, for those with a tag, or for those whose ids
              are alike.
            </Empty>
          ) : (
            <GrantTable grants={grants.data} isEditor={isEditor} />
          )}
        </Tabs.Panel>
      </Tabs>
      {isEditor && edit !== undefined && edited !== undefined && <UserDialog key={edit} user={edited} onClose={() => go(partSearch)} />}
      {isGranting && <GrantDialog onClose={() => setGranting(false)} />}
    </Box>
  );
}
