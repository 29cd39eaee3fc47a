import { PasswordInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { changePassword } from "../api/users.ts";
import { EditDialog } from "../parts/edit-dialog.tsx";

const LEAST_PASSWORD = 8;

export function PasswordDialog({ onClose }: { onClose: () => void }) {
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [again, setAgain] = useState("");
  const change = useMutation({
    mutationFn: changePassword,
    onSuccess: () => {
      notifications.show({
        color: "green",
        title: "The password is changed",
        message: "You are logged out everywhere else; your API tokens are as they were.",
      });
      onClose();
    },
  });
  const isShort = next !== "" && next.length < LEAST_PASSWORD;
  const differs = again !== "" && again !== next;
  return (
    <EditDialog
      title="Change your password"
      onClose={onClose}
      onSave={() => change.mutate({ current, next })}
      isSaving={change.isPending}
      isIncomplete={current === "" || next === "" || isShort || again !== next}
      saveLabel="Change it"
    >
      <PasswordInput
        label="Current password"
        required
        autoComplete="current-password"
        value={current}
        onChange={(event) => setCurrent(event.target.value)}
      />
      <PasswordInput
        label="New password"
        required
        autoComplete="new-password"
        value={next}
        error={isShort ? `At least ${LEAST_PASSWORD} characters.` : null}
        onChange={(event) => setNext(event.target.value)}
      />
      <PasswordInput
        label="New password again"
        required
        autoComplete="new-password"
        value={again}
        error={differs ? "It is another one." : null}
        onChange={(event) => setAgain(event.target.value)}
      />
    </EditDialog>
  );
}
