import { ActionIcon, Button, Menu, Select, Tooltip } from "@mantine/core";
import {
  IconAlertTriangle,
  IconArrowsMaximize,
  IconArrowsMinimize,
  IconCheck,
  IconClock,
  IconCopy,
  IconDownload,
  IconFilter,
  IconFold,
  IconLink,
  IconTextWrap,
} from "@tabler/icons-react";
import type { ReactNode } from "react";
import { LOG_LEVELS, LOG_SOURCES, type LogBook, type LogLevel, type LogSource } from "./log-book.ts";
import classes from "./log-viewer.module.css";

const LEVEL_NAMES: Readonly<Record<LogLevel, string>> = {
  trace: "All levels",
  debug: "Debug and up",
  info: "Info and up",
  warning: "Warnings, errors",
  error: "Errors only",
};
const SOURCE_NAMES: Readonly<Record<LogSource, string>> = {
  stdout: "Printed (stdout)",
  stderr: "Printed (stderr)",
  log: "Logged by the task",
  system: "Tradewind",
};

interface LogToolbarProps {
  book: LogBook;
  search: ReactNode;
  level: LogLevel;
  hidden: readonly LogSource[];
  isWrapped: boolean;
  hasTimes: boolean;
  isFull: boolean;
  isCopied: boolean;
  isDownloading: boolean;
  onLevel: (level: LogLevel) => void;
  onHidden: (hidden: LogSource[]) => void;
  onWrap: () => void;
  onTimes: () => void;
  onFold: () => void;
  onCopy: () => void;
  onCopyLink: () => void;
  onDownload: () => void;
  onFull: () => void;
  onNextError: () => void;
}

/** What can be done with a log. */
export function LogToolbar(props: LogToolbarProps) {
  const { book, level, hidden } = props;
  return (
    <div className={classes["tools"]} role="toolbar" aria-label="Log">
      {props.search}
      <Select
        size="xs"
        className={classes["level"] ?? ""}
        aria-label="Level"
        allowDeselect={false}
        comboboxProps={{ width: 200, position: "bottom-start" }}
        value={level}
        onChange={(value) => props.onLevel(value as LogLevel)}
        data={LOG_LEVELS.map((value) => ({ value, label: LEVEL_NAMES[value] }))}
      />
      <Sources {...props} />
      {book.errors.length > 0 && (
        <Tooltip label="Go to the next error (e)" openDelay={400}>
          <Button size="compact-xs" variant="light" color="red" leftSection={<IconAlertTriangle size={13} />} onClick={props.onNextError}>
            {book.errors.length.toLocaleString("en")} {book.errors.length === 1 ? "error" : "errors"}
          </Button>
        </Tooltip>
      )}
      <span className={classes["space"]} />
      <Tool label="Wrap long lines" isOn={props.isWrapped} onClick={props.onWrap} icon={<IconTextWrap size={16} />} />
      <Tool label="Show times" isOn={props.hasTimes} onClick={props.onTimes} icon={<IconClock size={16} />} />
      {book.groups > 0 && <Tool label="Fold or unfold all groups" onClick={props.onFold} icon={<IconFold size={16} />} />}
      <Tool label="Copy a link to the line" onClick={props.onCopyLink} icon={<IconLink size={16} />} />
      <Tool
        label={props.isCopied ? "Copied" : "Copy the lines"}
        onClick={props.onCopy}
        icon={props.isCopied ? <IconCheck size={16} /> : <IconCopy size={16} />}
      />
      <Tool label="Download" isBusy={props.isDownloading} onClick={props.onDownload} icon={<IconDownload size={16} />} />
      <Tool
        label={props.isFull ? "Back to the page" : "Fill the window"}
        isOn={props.isFull}
        onClick={props.onFull}
        icon={props.isFull ? <IconArrowsMinimize size={16} /> : <IconArrowsMaximize size={16} />}
      />
      {hidden.length > 0 && <span className="visually-hidden">{hidden.length} sources are left out.</span>}
    </div>
  );
}

function Sources({ book, hidden, onHidden }: LogToolbarProps) {
  const there = LOG_SOURCES.filter((source) => book.sources[source] > 0 || hidden.includes(source));
  if (there.length < 2) return null;
  const toggle = (source: LogSource): void => onHidden(hidden.includes(source) ? hidden.filter((one) => one !== source) : [...hidden, source]);
  return (
    <Menu closeOnItemClick={false} position="bottom-start" withinPortal>
      <Menu.Target>
        <Button size="compact-xs" h={30} variant="default" fw={400} leftSection={<IconFilter size={13} />}>
          {hidden.length === 0 ? "All sources" : `${there.length - hidden.length} of ${there.length} sources`}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {there.map((source) => (
          <Menu.Item
            key={source}
            role="menuitemcheckbox"
            aria-checked={!hidden.includes(source)}
            leftSection={<IconCheck size={14} style={{ visibility: hidden.includes(source) ? "hidden" : "visible" }} />}
            rightSection={<span className={classes["found"]}>{book.sources[source].toLocaleString("en")}</span>}
            onClick={() => toggle(source)}
          >
            {SOURCE_NAMES[source]}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function Tool({ label, icon, isOn, isBusy, onClick }: { label: string; icon: ReactNode; isOn?: boolean; isBusy?: boolean; onClick: () => void }) {
  return (
    <Tooltip label={label} openDelay={400}>
      <ActionIcon
        variant={isOn === true ? "light" : "subtle"}
        {...(isOn === true ? {} : { color: "gray" })}
        aria-label={label}
        {...(isOn === undefined ? {} : { "aria-pressed": isOn })}
        loading={isBusy ?? false}
        onClick={onClick}
      >
        {icon}
      </ActionIcon>
    </Tooltip>
  );
}
