import { Alert, Button, Center, Paper, PasswordInput, Stack, Text, TextInput, Title } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { logIn, setSession } from "../api/session.ts";
import { Logo } from "../app/logo.tsx";

/** Shown in place of everything while nobody is logged in; the address stays, so the page that was asked for comes after it. */
export function LoginPage() {
  const queryClient = useQueryClient();
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [failure, setFailure] = useState<string | null>(null);
  const [isBusy, setIsBusy] = useState(false);

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    setIsBusy(true);
    setFailure(null);
    try {
      setSession(queryClient, await logIn({ username, password }));
    } catch (error) {
      setFailure((error as Error).message);
      setPassword("");
    } finally {
      setIsBusy(false);
    }
  }

  return (
    <Center component="main" mih="100dvh" p="md" bg="var(--tw-soft)">
      <Paper withBorder p="xl" w={380} maw="100%">
        <form onSubmit={(event) => void submit(event)}>
          <Stack>
            <Stack gap={4} align="center">
              <Logo size={40} />
              <Title order={1}>Tradewind</Title>
            </Stack>
            {failure !== null && (
              <Alert color="red" role="alert" py="xs">
                {failure}
              </Alert>
            )}
            <TextInput
              label="User name"
              autoComplete="username"
              required
              autoFocus
              value={username}
              onChange={(event) => setUsername(event.target.value)}
            />
            <PasswordInput
              label="Password"
              autoComplete="current-password"
              required
              value={password}
              onChange={(event) => setPassword(event.target.value)}
            />
            <Button type="submit" loading={isBusy}>
              Log in
            </Button>
            <Text size="xs" c="dimmed" ta="center">
              The first administrator's password was printed when Tradewind was started for the first time.
            </Text>
          </Stack>
        </form>
      </Paper>
    </Center>
  );
}
