import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import type { Json } from "@tradewind/core";
import { useState } from "react";
import { membersOf, summaryOf } from "./json-shape.ts";
import classes from "./xcom.module.css";

/** So many members of a list or an object are shown at once. */
const STEP = 100;
/** So long a text is shown whole. */
const LONG_TEXT = 400;

/** A JSON value that can be folded at each list and object. */
export function JsonTree({ value, label }: { value: Json; label: string }) {
  return (
    <div className={classes["tree"]} role="group" aria-label={label}>
      <Node name={null} value={value} depth={0} />
    </div>
  );
}

function Node({ name, value, depth }: { name: string | null; value: Json; depth: number }) {
  const members = membersOf(value);
  const [isOpen, setOpen] = useState(depth < 2 && (members?.length ?? 0) <= STEP);
  const [shown, setShown] = useState(STEP);
  const indent = { paddingLeft: `${depth * 1.1}rem` };
  if (members === null || members.length === 0) {
    return (
      <div className={classes["row"]} style={indent}>
        <span className={classes["gap"]} />
        <Name name={name} />
        <Scalar value={value} />
      </div>
    );
  }
  return (
    <>
      <div className={classes["row"]} style={indent}>
        <button type="button" className={classes["fold"]} aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          {isOpen ? <IconChevronDown size={13} aria-hidden /> : <IconChevronRight size={13} aria-hidden />}
          <Name name={name} />
          <span className={classes["summary"]}>{summaryOf(value, isOpen)}</span>
        </button>
      </div>
      {isOpen && members.slice(0, shown).map(([key, member]) => <Node key={key} name={key} value={member} depth={depth + 1} />)}
      {isOpen && members.length > shown && (
        <div className={classes["row"]} style={{ paddingLeft: `${(depth + 1) * 1.1}rem` }}>
          <button type="button" className={classes["more"]} onClick={() => setShown(shown + STEP * 5)}>
            Show more ({(members.length - shown).toLocaleString("en")} left)
          </button>
        </div>
      )}
    </>
  );
}

function Name({ name }: { name: string | null }) {
  return name === null ? null : <span className={classes["name"]}>{name}: </span>;
}

function Scalar({ value }: { value: Json }) {
  const [isWhole, setWhole] = useState(false);
  if (typeof value !== "string") {
    return (
      <span data-kind={value === null ? "null" : typeof value}>
        {Array.isArray(value) ? "[]" : typeof value === "object" && value !== null ? "{}" : String(value)}
      </span>
    );
  }
  const isLong = value.length > LONG_TEXT && !isWhole;
  return (
    <span>
      <span data-kind="string">{JSON.stringify(isLong ? value.slice(0, LONG_TEXT) : value)}</span>
      {isLong && (
        <button type="button" className={classes["more"]} onClick={() => setWhole(true)}>
          {" "}
          … all {value.length.toLocaleString("en")} characters
        </button>
      )}
    </span>
  );
}
