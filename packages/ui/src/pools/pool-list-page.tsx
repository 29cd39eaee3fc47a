import { ActionIcon, Box, Button, Center, Group, Loader, Menu, SimpleGrid, Text, Title } from "@mantine/core";
import { IconDots, IconPencil, IconPlus, IconTrash } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { deletePool, type Pool, poolsQuery } from "../api/pools.ts";
import { usePermissions } from "../api/use-permissions.ts";
import { DeleteDialog } from "../parts/delete-dialog.tsx";
import { Problem } from "../parts/problem.tsx";
import { lookOf } from "../states/state-look.ts";
import { PoolDialog } from "./pool-dialog.tsx";
import { poolUse } from "./pool-use.ts";
import classes from "./pools.module.css";

const DEFAULT_POOL = "default_pool";

/** All pools: how full each is now, and what waits for it. */
export function PoolListPage() {
  const { edit } = useSearch({ from: "/pools" });
  const navigate = useNavigate({ from: "/pools" });
  const isEditor = usePermissions()("pools:edit");
  const pools = useQuery(poolsQuery);
  const [doomed, setDoomed] = useState<string | null>(null);
  const open = (name: string | undefined) => void navigate({ search: name === undefined ? {} : { edit: name }, replace: true });
  const edited = edit === undefined || edit === "" ? null : pools.data?.find(({ name }) => name === edit);
  return (
    <Box p="md" maw={1300} mx="auto">
      <Group justify="space-between" mb="sm">
        <Title order={1}>Pools</Title>
        {isEditor && (
          <Button size="xs" leftSection={<IconPlus size={14} />} onClick={() => open("")}>
            New pool
          </Button>
        )}
      </Group>
      {pools.data === undefined ? (
        pools.isError ? (
          <Problem error={pools.error} retry={() => void pools.refetch()} />
        ) : (
          <Center h={200}>
            <Loader aria-label="Loading" />
          </Center>
        )
      ) : (
        <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} spacing="sm">
          {pools.data.map((pool) => (
            <PoolCard key={pool.name} pool={pool} {...(isEditor ? { onEdit: () => open(pool.name), onDelete: () => setDoomed(pool.name) } : {})} />
          ))}
        </SimpleGrid>
      )}
      {isEditor && edit !== undefined && edited !== undefined && <PoolDialog key={edit} pool={edited} onClose={() => open(undefined)} />}
      {doomed !== null && <Deletion name={doomed} onClose={() => setDoomed(null)} />}
    </Box>
  );
}

function PoolCard({ pool, onEdit, onDelete }: { pool: Pool; onEdit?: () => void; onDelete?: () => void }) {
  const { slots, parts, open, waiting } = poolUse(pool);
  const used = parts.reduce((sum, part) => sum + part.slots, 0);
  const isFull = open <= 0;
  return (
    <section className={classes["card"]} aria-label={`Pool ${pool.name}`}>
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Text fw={600} truncate title={pool.name}>
          {pool.name}
        </Text>
        {onEdit !== undefined && (
          <Menu position="bottom-end">
            <Menu.Target>
              <ActionIcon variant="subtle" color="gray" aria-label={`Change ${pool.name}`}>
                <IconDots size={16} />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item leftSection={<IconPencil size={15} />} onClick={onEdit}>
                Edit
              </Menu.Item>
              <Menu.Item leftSection={<IconTrash size={15} />} color="red" onClick={onDelete} disabled={pool.name === DEFAULT_POOL}>
                Delete
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        )}
      </Group>
      {pool.description !== null && pool.description !== "" && (
        <Text size="xs" c="dimmed" lineClamp={2}>
          {pool.description}
        </Text>
      )}
      <Group justify="space-between" mt={8} mb={4} gap="xs">
        <Text size="sm">
          <b>{used}</b> of {slots ?? "∞"} slots used
        </Text>
        <Text size="sm" className={classes["told"]} data-full={isFull || undefined}>
          {isFull ? "full" : slots === null ? "no bound" : `${open} open`}
        </Text>
      </Group>
      <div className={classes["bar"]} aria-hidden>
        {parts.map(({ name, share }) => (
          <span key={name} style={{ width: `${share * 100}%`, background: lookOf(name).fill }} />
        ))}
      </div>
      <Group gap="md" mt={8} className={classes["facts"]}>
        <Fact pool={pool.name} state="running" count={pool.running_slots} />
        <Fact pool={pool.name} state="queued" count={pool.queued_slots} />
        <Fact pool={pool.name} state="scheduled" count={waiting} label="waiting" />
        {pool.deferred_slots > 0 && <Fact pool={pool.name} state="deferred" count={pool.deferred_slots} />}
      </Group>
    </section>
  );
}

function Fact({ pool, state, count, label = state }: { pool: string; state: string; count: number; label?: string }) {
  const words = (
    <>
      <span className={classes["dot"]} style={{ background: lookOf(state).fill }} aria-hidden />
      {count} {label}
    </>
  );
  if (count === 0) return <span>{words}</span>;
  return (
    <Link to="/task-instances" search={{ pool: [pool], state: [state] }} className="plain">
      {words}
    </Link>
  );
}

function Deletion({ name, onClose }: { name: string; onClose: () => void }) {
  const queryClient = useQueryClient();
  const remove = useMutation({
    mutationFn: deletePool,
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: poolsQuery.queryKey });
      onClose();
    },
  });
  return (
    <DeleteDialog what="pool" names={[name]} isBusy={remove.isPending} onDelete={() => remove.mutate(name)} onClose={onClose}>
      Tasks that name it cannot start until there is a pool of that name again.
    </DeleteDialog>
  );
}
