import { Alert, Button, Checkbox, Group, Modal, Progress, SimpleGrid, Stack, Text, Textarea } from "@mantine/core";
import { useDebouncedValue, useMediaQuery } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { IconAlertTriangle } from "@tabler/icons-react";
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { Problem } from "../parts/problem.tsx";
import {
  CHANGE_WORDS,
  type ChangeOptions,
  counted,
  type InstanceChange,
  type InstanceTarget,
  type OptionName,
  optionsOf,
  type RunChange,
  type RunTarget,
  undoHint,
  usualOptions,
} from "./change-model.ts";
import { ChangePreview } from "./change-preview.tsx";
import { applyChange, type Change, previewChange, stepCount } from "./change-requests.ts";

/** Things that are looked up when something is to be done to them: everything that a filter finds. */
export interface LateTargets<T> {
  /** How many there are said to be. */
  total: number;
  load: (signal: AbortSignal) => Promise<readonly T[]>;
}

export type Targets<T> = readonly T[] | LateTargets<T>;

export type Asked =
  | { kind: "runs"; change: RunChange; targets: Targets<RunTarget>; title: string; note?: string }
  | { kind: "instances"; change: InstanceChange; targets: Targets<InstanceTarget>; title: string; note?: string };

const OPTION_WORDS: Readonly<Record<OptionName, readonly [label: string, description: string]>> = {
  upstream: ["Upstream", "what these come after"],
  downstream: ["Downstream", "what comes after these"],
  past: ["Past", "the same in earlier runs"],
  future: ["Future", "the same in later runs"],
  onlyFailed: ["Only failed", "failed and upstream failed"],
  onlyNew: ["Only new tasks", "that the DAG has by now; nothing is cleared"],
  onLatestVersion: ["On the latest version", "with the DAG as it is now"],
  resetRuns: ["Start ended runs again", "without it nothing runs until they are"],
};

const SETTLE_MS = 200;

/** Asks once more before something is changed: what it touches, live as the options change, and what can be done if it was a mistake. */
export function ChangeDialog({ asked, onClose }: { asked: Asked; onClose: (isDone: boolean) => void }) {
  const isNarrow = useMediaQuery("(max-width: 40em)");
  return (
    <Modal
      opened
      onClose={() => onClose(false)}
      size={680}
      fullScreen={isNarrow ?? false}
      closeButtonProps={{ "aria-label": "Close" }}
      title={
        <Text fw={600} style={{ overflowWrap: "anywhere" }}>
          {CHANGE_WORDS[asked.change].heading(asked.title)}
        </Text>
      }
    >
      <WithTargets asked={asked}>{(change) => <ChangeForm asked={asked} change={change} onClose={onClose} />}</WithTargets>
    </Modal>
  );
}

function WithTargets({ asked, children }: { asked: Asked; children: (change: Change) => ReactNode }) {
  const { kind, targets } = asked;
  const late = isLate(targets) ? targets : undefined;
  const found = useQuery({
    queryKey: ["change-targets", kind, asked.title],
    queryFn: async ({ signal }) => (late === undefined ? [] : late.load(signal)) as Promise<readonly InstanceTarget[]>,
    enabled: late !== undefined,
    staleTime: Infinity,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
  const list = late === undefined ? (targets as readonly InstanceTarget[]) : found.data;
  if (list === undefined) {
    return found.isError ? <Problem error={found.error} retry={() => void found.refetch()} /> : <Text size="sm">Looking them up …</Text>;
  }
  return children({ kind, change: asked.change, targets: list } as Change);
}

function isLate<T>(targets: Targets<T>): targets is LateTargets<T> {
  return !Array.isArray(targets);
}

function ChangeForm({ asked, change, onClose }: { asked: Asked; change: Change; onClose: (isDone: boolean) => void }) {
  const [options, setOptions] = useState<ChangeOptions>(() => ({ ...usualOptions(change.change), note: asked.note ?? "" }));
  const [settled] = useDebouncedValue(options, SETTLE_MS);
  const [progress, setProgress] = useState(0);
  const hasPreview = change.change !== "note" && change.change !== "queued";
  const { note: _note, ...asking } = settled;
  const steps = stepCount(change, options);
  const preview = useQuery({
    queryKey: ["change-preview", change.kind, change.change, change.targets, asking],
    queryFn: ({ signal }) => previewChange(change, settled, { signal, onProgress: setProgress }),
    enabled: hasPreview,
    placeholderData: keepPreviousData,
    staleTime: 0,
    gcTime: 0,
    retry: false,
    refetchOnWindowFocus: false,
  });
  const apply = useApply(change, options, setProgress, onClose);
  const names = optionsOf(change.kind, change.change);
  const words = CHANGE_WORDS[change.change];
  const isDangerous = change.change === "delete";
  const isNothing = hasPreview && change.kind === "instances" && preview.data?.affected.length === 0;
  const isSettled = settled === options;

  return (
    <Stack gap="md">
      {names.length > 0 && (
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="xs" verticalSpacing={6} role="group" aria-label="Options">
          {names.map((name) => (
            <Checkbox
              key={name}
              size="xs"
              checked={options[name]}
              disabled={apply.isPending || (options.onlyNew && name !== "onlyNew")}
              label={
                <>
                  {OPTION_WORDS[name][0]}{" "}
                  <Text span inherit c="dimmed">
                    {OPTION_WORDS[name][1]}
                  </Text>
                </>
              }
              onChange={(event) => setOptions({ ...options, [name]: event.currentTarget.checked })}
            />
          ))}
        </SimpleGrid>
      )}
      {change.change === "note" && (
        <Textarea
          label="Note"
          description="Empty: no note. Up to 1000 characters."
          autosize
          minRows={3}
          maxRows={10}
          maxLength={1000}
          value={options.note}
          data-autofocus
          onChange={(event) => setOptions({ ...options, note: event.currentTarget.value })}
        />
      )}
      {hasPreview && (
        <ChangePreview
          change={change}
          preview={preview.data}
          error={preview.error}
          isStale={!isSettled || preview.isFetching}
          progress={steps > 20 && !apply.isPending ? { done: progress, of: steps } : undefined}
          retry={() => void preview.refetch()}
        />
      )}
      {apply.data !== undefined && apply.data.failures.length > 0 && (
        <Alert color="red" icon={<IconAlertTriangle />} title={`${counted(sumOf(apply.data.failures), "request")} did not work`}>
          {apply.data.failures.map(({ message, count }) => (
            <Text key={message} size="sm">
              {count > 1 ? `${count} ×: ` : ""}
              {message}
            </Text>
          ))}
        </Alert>
      )}
      {apply.isPending && steps > 4 && <Progress value={(100 * progress) / steps} aria-label="Progress" />}
      <Group justify="space-between" gap="sm">
        <Text size="xs" c="dimmed" style={{ flex: "1 1 200px" }}>
          {undoHint(change.change)}
        </Text>
        <Group gap="sm">
          <Button variant="default" size="sm" onClick={() => onClose(false)}>
            Cancel
          </Button>
          <Button
            size="sm"
            {...(isDangerous ? { color: "red.9" } : {})}
            loading={apply.isPending}
            disabled={isNothing || (hasPreview && (preview.data === undefined || !isSettled || preview.isFetching))}
            onClick={() => {
              setProgress(0);
              apply.mutate();
            }}
          >
            {words.button}
          </Button>
        </Group>
      </Group>
    </Stack>
  );
}

function sumOf(failures: readonly { count: number }[]): number {
  return failures.reduce((sum, { count }) => sum + count, 0);
}

function useApply(change: Change, options: ChangeOptions, onProgress: (done: number) => void, onClose: (isDone: boolean) => void) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: () => applyChange(change, options, { onProgress }),
    onSuccess: ({ results, failures }) => {
      const touched = results.reduce((sum, count) => sum + count, 0);
      const done = options.onlyNew ? "given the new tasks" : CHANGE_WORDS[change.change].done;
      if (touched > 0) {
        const what = counted(touched, change.kind === "runs" ? "run" : "task instance");
        notifications.show({ color: "green", title: "Done", message: `${what} ${touched === 1 ? "was" : "were"} ${done}.` });
      }
      if (failures.length === 0) onClose(true);
    },
    onSettled: () => queryClient.invalidateQueries({ predicate: ({ queryKey }) => !String(queryKey[0]).startsWith("change-") }),
  });
}
