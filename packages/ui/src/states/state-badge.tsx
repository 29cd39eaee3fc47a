import { lookOf } from "./state-look.ts";
import classes from "./state-badge.module.css";

/** A state in words, with its sign and colour. */
export function StateBadge({ state }: { state: string | null }) {
  const { label, Icon, fill } = lookOf(state);
  return (
    <span className={classes["badge"]}>
      <span className={classes["sign"]} style={{ background: fill }}>
        <Icon size={11} stroke={3} aria-hidden />
      </span>
      {label}
    </span>
  );
}
