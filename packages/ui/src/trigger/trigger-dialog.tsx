import { Center, Loader, Modal, Text } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { dagQuery, dagRunQuery } from "../api/queries.ts";
import { Problem } from "../parts/problem.tsx";
import { readParamFields } from "./param-fields.ts";
import { TriggerForm } from "./trigger-form.tsx";
import type { Conf } from "./trigger-form-model.ts";

/** The form that a run is made by, with the params of the DAG as it is now. */
export function TriggerDialog({
  dagId,
  fromRunId,
  preset,
  onConf,
  onClose,
}: {
  dagId: string;
  /** Its params are the first values. */
  fromRunId: string | undefined;
  preset: Conf | undefined;
  onConf: (conf: Conf) => void;
  onClose: () => void;
}) {
  const isNarrow = useMediaQuery("(max-width: 40em)");
  const dag = useQuery({ ...dagQuery(dagId), refetchInterval: false, refetchOnWindowFocus: false });
  const from = useQuery({ ...dagRunQuery(dagId, fromRunId ?? ""), enabled: fromRunId !== undefined, refetchInterval: false });
  const failed = dag.data === undefined ? dag : fromRunId !== undefined && from.data === undefined ? from : undefined;
  return (
    <Modal
      opened
      onClose={onClose}
      size={720}
      fullScreen={isNarrow ?? false}
      closeButtonProps={{ "aria-label": "Close" }}
      closeOnClickOutside={false}
      title={
        <>
          <Text fw={600} style={{ overflowWrap: "anywhere" }}>
            Trigger {dag.data?.dag_display_name ?? dagId}
          </Text>
          {fromRunId !== undefined && (
            <Text size="xs" c="dimmed" style={{ overflowWrap: "anywhere" }}>
              with the params of {fromRunId}
            </Text>
          )}
        </>
      }
    >
      {failed?.error != null ? (
        <Problem error={failed.error} retry={() => void failed.refetch()} />
      ) : failed !== undefined || dag.data === undefined ? (
        <Center h={160}>
          <Loader aria-label="Loading" />
        </Center>
      ) : (
        <TriggerForm
          dag={dag.data}
          fields={readParamFields(dag.data.params)}
          first={preset ?? (from.data?.conf as Conf | null | undefined) ?? {}}
          onConf={onConf}
          onClose={onClose}
        />
      )}
    </Modal>
  );
}
