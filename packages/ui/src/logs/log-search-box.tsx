import { ActionIcon, Group, TextInput, Tooltip } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconLetterCase, IconRegex, IconSearch } from "@tabler/icons-react";
import type { KeyboardEvent, Ref } from "react";
import type { LogMatches } from "./log-search.ts";
import classes from "./log-viewer.module.css";

interface LogSearchBoxProps {
  inputRef: Ref<HTMLInputElement>;
  text: string;
  isCaseSensitive: boolean;
  isPattern: boolean;
  matches: LogMatches;
  /** Which match was gone to; -1: none yet. */
  current: number;
  onText: (text: string) => void;
  onCase: () => void;
  onPattern: () => void;
  onStep: (by: 1 | -1) => void;
  onLeave: () => void;
}

export function LogSearchBox(props: LogSearchBoxProps) {
  const { text, matches, current } = props;
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "Enter") {
      event.preventDefault();
      props.onStep(event.shiftKey ? -1 : 1);
    } else if (event.key === "Escape") {
      event.stopPropagation();
      if (text === "") props.onLeave();
      else props.onText("");
    }
  };
  const isEmpty = matches.rows.length === 0;
  return (
    <>
      <TextInput
        ref={props.inputRef}
        className={classes["search"] ?? ""}
        size="xs"
        type="search"
        placeholder="Search this log"
        aria-label="Search this log"
        leftSection={<IconSearch size={14} />}
        rightSectionWidth={58}
        rightSection={
          <Group gap={2} wrap="nowrap">
            <Toggle label="Match case" isOn={props.isCaseSensitive} onClick={props.onCase} icon={<IconLetterCase size={15} />} />
            <Toggle label="Regular expression" isOn={props.isPattern} onClick={props.onPattern} icon={<IconRegex size={15} />} />
          </Group>
        }
        value={text}
        onChange={(event) => props.onText(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      {text !== "" && (
        <Group gap={2} wrap="nowrap">
          <ActionIcon variant="default" size={28} aria-label="Match before" disabled={isEmpty} onClick={() => props.onStep(-1)}>
            <IconArrowUp size={15} />
          </ActionIcon>
          <ActionIcon variant="default" size={28} aria-label="Next match" disabled={isEmpty} onClick={() => props.onStep(1)}>
            <IconArrowDown size={15} />
          </ActionIcon>
          <span className={classes["found"]} role="status" data-problem={matches.problem !== null || undefined} style={{ paddingLeft: 6 }}>
            {told(matches, current)}
          </span>
        </Group>
      )}
    </>
  );
}

function told({ rows, isCut, problem }: LogMatches, current: number): string {
  if (problem !== null) return "No valid pattern";
  if (rows.length === 0) return "Not found";
  const count = `${rows.length.toLocaleString("en")}${isCut ? "+" : ""}`;
  return current === -1 ? `${count} found` : `${(current + 1).toLocaleString("en")} of ${count}`;
}

function Toggle({ label, isOn, icon, onClick }: { label: string; isOn: boolean; icon: React.ReactNode; onClick: () => void }) {
  return (
    <Tooltip label={label} openDelay={400}>
      <ActionIcon
        size={24}
        variant={isOn ? "light" : "subtle"}
        {...(isOn ? {} : { color: "gray" })}
        aria-label={label}
        aria-pressed={isOn}
        onClick={onClick}
      >
        {icon}
      </ActionIcon>
    </Tooltip>
  );
}
