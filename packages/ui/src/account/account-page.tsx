import { Badge, Box, Button, Group, Table, Text, Title } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type AccessToken, accessTokensQuery, revokeAccessToken } from "../api/access-tokens.ts";
import { sessionQuery, setSession } from "../api/session.ts";
import { endSessions } from "../api/users.ts";
import { DeleteDialog } from "../parts/delete-dialog.tsx";
import { Problem } from "../parts/problem.tsx";
import { Distance } from "../time/instant.tsx";
import classes from "./account.module.css";
import { PasswordDialog } from "./password-dialog.tsx";
import { TokenDialog } from "./token-dialog.tsx";

/** The user: what they may do, and their tokens. */
export function AccountPage() {
  const session = useQuery(sessionQuery);
  const tokens = useQuery(accessTokensQuery);
  const [isMaking, setMaking] = useState(false);
  const [doomed, setDoomed] = useState<AccessToken | null>(null);
  const [isChangingPassword, setChangingPassword] = useState(false);
  const queryClient = useQueryClient();
  const leave = useMutation({ mutationFn: endSessions, onSuccess: () => setSession(queryClient, null) });
  if (session.data == null) return null;
  const { username, role, permissions, dag_grants: grants } = session.data;
  return (
    <Box p="md" maw={900} mx="auto">
      <Group justify="space-between" gap="sm" mb="lg">
        <Group gap="sm">
          <Title order={1}>{username}</Title>
          <Badge variant="default" tt="none">
            {role}
          </Badge>
        </Group>
        <Group gap="xs">
          <Button size="xs" variant="default" onClick={() => setChangingPassword(true)}>
            Change password
          </Button>
          <Button size="xs" variant="default" loading={leave.isPending} onClick={() => leave.mutate()}>
            Log out everywhere
          </Button>
        </Group>
      </Group>
      <section className={classes["section"]}>
        <Group justify="space-between" mb={6}>
          <Title order={2}>API tokens</Title>
          <Button size="xs" leftSection={<IconPlus size={14} />} onClick={() => setMaking(true)}>
            New token
          </Button>
        </Group>
        <Text size="sm" c="dimmed" mb="sm">
          For programs that use the REST API in your name: sent as <code>Authorization: Bearer tw_…</code>. A token may do what you may.
        </Text>
        {tokens.isError ? (
          <Problem error={tokens.error} retry={() => void tokens.refetch()} />
        ) : (
          tokens.data !== undefined &&
          tokens.data.length > 0 && (
            <div className={classes["scroll"]} tabIndex={0} role="region" aria-label="API tokens">
              <Table className={classes["table"]}>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>Name</Table.Th>
                    <Table.Th>Made</Table.Th>
                    <Table.Th>Last used</Table.Th>
                    <Table.Th>Ends</Table.Th>
                    <Table.Th>
                      <span className="visually-hidden">Actions</span>
                    </Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {tokens.data.map((token) => (
                    <Table.Tr key={token.id}>
                      <Table.Td style={{ overflowWrap: "anywhere" }}>{token.name}</Table.Td>
                      <Table.Td>
                        <Distance at={token.created_at} />
                      </Table.Td>
                      <Table.Td>{token.last_used_at === null ? "never" : <Distance at={token.last_used_at} />}</Table.Td>
                      <Table.Td>{token.expires_at === null ? "never" : <Distance at={token.expires_at} />}</Table.Td>
                      <Table.Td ta="right">
                        <Button size="compact-xs" variant="default" onClick={() => setDoomed(token)} aria-label={`Revoke ${token.name}`}>
                          Revoke
                        </Button>
                      </Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </div>
          )
        )}
        {tokens.data?.length === 0 && <Text size="sm">You have none.</Text>}
      </section>
      <section className={classes["section"]}>
        <Title order={2} mb={6}>
          What you may do
        </Title>
        {grants.length > 0 && (
          <Text size="sm" mb="xs">
            Beside that, by grants: {grants.map((grant) => `${grant.dag_id} (${grant.actions.join(", ")})`).join("; ")}.
          </Text>
        )}
        <Group gap={6}>
          {permissions.map((permission) => (
            <Badge key={permission} variant="default" tt="none" fw={400}>
              {permission.replace(":", ": ").replaceAll("_", " ")}
            </Badge>
          ))}
        </Group>
      </section>
      {isChangingPassword && <PasswordDialog onClose={() => setChangingPassword(false)} />}
      {isMaking && <TokenDialog onClose={() => setMaking(false)} />}
      {doomed !== null && <Revocation token={doomed} onClose={() => setDoomed(null)} />}
    </Box>
  );
}

function Revocation({ token, onClose }: { token: AccessToken; onClose: () => void }) {
  const queryClient = useQueryClient();
  const revoke = useMutation({
    mutationFn: revokeAccessToken,
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: accessTokensQuery.queryKey });
      onClose();
    },
  });
  return (
    <DeleteDialog what="token" names={[token.name]} isBusy={revoke.isPending} onDelete={() => revoke.mutate(token.id)} onClose={onClose}>
      Programs that use it are refused from then on.
    </DeleteDialog>
  );
}
