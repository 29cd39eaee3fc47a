import { IconCircleCheckFilled, IconCircleDashed, IconCircleXFilled, IconPlayerPauseFilled, IconProgressDown } from "@tabler/icons-react";
import classes from "./workers.module.css";

const LOOKS = {
  running: { Icon: IconCircleCheckFilled, color: "var(--mantine-color-green-7)", label: "Running" },
  draining: { Icon: IconProgressDown, color: "var(--mantine-color-orange-7)", label: "Draining" },
  drained: { Icon: IconPlayerPauseFilled, color: "var(--mantine-color-orange-7)", label: "Drained" },
  offline: { Icon: IconCircleXFilled, color: "var(--mantine-color-red-7)", label: "Offline" },
} as const;

/** Whether a worker or service is at work, by a sign and a word. */
export function Liveness({ state }: { state: string | null }) {
  const { Icon, color, label } = LOOKS[state as keyof typeof LOOKS] ?? {
    Icon: IconCircleDashed,
    color: "var(--mantine-color-dimmed)",
    label: state ?? "unknown",
  };
  return (
    <span className={classes["state"]}>
      <Icon size={15} color={color} aria-hidden />
      {label}
    </span>
  );
}
