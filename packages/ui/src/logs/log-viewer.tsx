import { Button, Loader } from "@mantine/core";
import { useDisclosure, useLocalStorage, useMediaQuery } from "@mantine/hooks";
import { IconArrowBarToDown } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import { Problem } from "../parts/problem.tsx";
import { useCopy } from "../parts/use-copy.ts";
import { useTimeZone } from "../time/time-zone.tsx";
import { createLogBook } from "./log-book.ts";
import { LogBody, type LogBodyHandle } from "./log-body.tsx";
import { downloadLog, rowsAsText } from "./log-copies.ts";
import { logOffsets } from "./log-offsets.ts";
import { type Folds, isFolded, type LogFilter, unfoldTo, visibleRows } from "./log-rows.ts";
import { LogSearchBox } from "./log-search-box.tsx";
import { LogStatusBar } from "./log-status-bar.tsx";
import type { LogPlace } from "./log-stream.ts";
import { LogToolbar } from "./log-toolbar.tsx";
import { type LogView, withoutKey, writeLineHash } from "./log-view.ts";
import { useLog } from "./use-log.ts";
import { useLogSearch } from "./use-log-search.ts";
import { useLogStart } from "./use-log-start.ts";
import { usePickedLines } from "./use-picked-lines.ts";
import classes from "./log-viewer.module.css";

export interface LogViewerProps {
  dagId: string;
  runId: string;
  taskId: string;
  mapIndex: number;
  tryNumber: number;
  /** The try has not ended: the log is followed. */
  isLive: boolean;
  /** The try failed: the log begins at its last error. */
  hasFailed?: boolean;
  /** What was searched and filtered, for pages that keep it in their address; else the viewer keeps it itself. */
  view?: LogView;
  onView?: (view: LogView) => void;
  /** Whether the line in the address (`#L12`) is this log's; false where several logs are beside each other. */
  hasAddress?: boolean;
}

const NOTHING = createLogBook();
const NO_FOLDS: Folds = new Map();

/** The log of a try: it grows while the try runs, and can be searched, filtered, folded, linked to and taken along. It fills the height it is given. */
export function LogViewer(props: LogViewerProps) {
  const { dagId, runId, taskId, mapIndex, tryNumber } = props;
  // Everything about one log is forgotten with it.
  return <OneLog key={JSON.stringify([dagId, runId, taskId, mapIndex, tryNumber])} {...props} />;
}

function OneLog({ dagId, runId, taskId, mapIndex, tryNumber, isLive, hasFailed = false, hasAddress = true, ...props }: LogViewerProps) {
  const place: LogPlace = { dagId, runId, taskId, mapIndex, tryNumber };
  const { stream, version, again } = useLog(place, isLive);
  const { zone } = useTimeZone();
  const isNarrow = useMediaQuery("(max-width: 48em)", false, { getInitialValueInEffect: false });
  const [isWrapped, setWrapped] = useLocalStorage({ key: "tradewind-log-wrap", defaultValue: true, getInitialValueInEffect: false });
  const [hasTimes, setTimes] = useLocalStorage({ key: "tradewind-log-times", defaultValue: !isNarrow, getInitialValueInEffect: false });
  const [isFull, full] = useDisclosure(false);
  const [ownView, setOwnView] = useState<LogView>({});
  const view = props.view ?? ownView;
  const changeView = props.onView ?? setOwnView;

  const { picked, pick } = usePickedLines(hasAddress);
  const [startedAt] = useState(picked?.from);
  const [isFollowing, setFollowing] = useState(isLive && picked === null);
  const [folds, setFolds] = useState(NO_FOLDS);
  const [columns, setColumns] = useState(120);
  const [goal, setGoal] = useState<{ row: number } | null>(null);
  const body = useRef<LogBodyHandle>(null);
  const searchInput = useRef<HTMLInputElement>(null);

  const book = stream?.book ?? NOTHING;
  const filter = useMemo<LogFilter>(() => ({ level: view.level ?? "trace", hidden: view.without ?? [] }), [view.level, view.without]);
  // oxlint-disable-next-line react-hooks/exhaustive-deps -- a book only grows: its version tells whether it has
  const visible = useMemo(() => visibleRows(book, filter, folds), [book, version, filter, folds]);
  const wrapColumns = isWrapped ? columns : null;
  const offsets = useMemo(() => logOffsets(book, visible, wrapColumns), [book, visible, wrapColumns]);

  const topRow = (): number => body.current?.topRow() ?? 0;
  const goTo = (row: number): void => {
    setFollowing(false);
    setFolds((before) => unfoldTo(book, row, before));
    setGoal({ row });
  };
  // After what hides the goal was unfolded.
  useEffect(() => {
    if (goal !== null) body.current?.showRow(goal.row);
  }, [goal]);

  const search = useLogSearch({ book, version, filter, view, onView: changeView, topRow, onGo: goTo });
  const status = stream?.status ?? "loading";
  const isRead = status === "ended" || (status === "live" && !isLive);
  useLogStart({ isRead, rows: book.rows.length, line: startedAt, errorRow: hasFailed ? book.errors.at(-1) : undefined, onGo: goTo });

  const errorAfter = useRef(-1);
  const nextError = (): void => {
    const next = book.errors.find((row) => row > errorAfter.current) ?? book.errors[0];
    if (next === undefined) return;
    errorAfter.current = next;
    goTo(next);
    body.current?.focus();
  };

  const clipboard = useCopy();
  const copyLines = (): void => {
    const rows = picked === null ? visible : Array.from({ length: picked.to - picked.from + 1 }, (_, index) => picked.from - 1 + index);
    clipboard.copy(
      rowsAsText(
        book,
        [...rows].filter((row) => row < book.rows.length),
        hasTimes ? zone : null,
      ),
    );
  };
  const copyLink = (): void => {
    const line = (search.currentMatch?.row ?? topRow()) + 1;
    clipboard.copy(`${globalThis.location.href.split("#")[0]}#${writeLineHash(picked ?? { from: line, to: line })}`);
    if (picked === null) pick(line, false);
  };
  const download = useMutation({ mutationFn: () => downloadLog(place) });

  const onKeyDown = (event: KeyboardEvent): void => {
    if ((event.key === "f" && (event.ctrlKey || event.metaKey)) || event.key === "/") {
      event.preventDefault();
      searchInput.current?.select();
    } else if (event.ctrlKey || event.metaKey || event.altKey) return;
    else if (event.key === "n" || event.key === "N") search.step(event.shiftKey ? -1 : 1);
    else if (event.key === "e") nextError();
    else if (event.key === "End" || event.key === "G") {
      event.preventDefault();
      body.current?.showEnd();
      if (isLive) setFollowing(true);
    } else if (event.key === "Escape" && isFull) full.close();
  };

  if (stream?.error != null) return <Problem error={stream.error} retry={again} />;
  const foldAll = (): void => {
    const groups = book.rows.flatMap((row, index) => (row.kind === "group" ? [index] : []));
    const isAnyOpen = groups.some((group) => !isFolded(book, group, folds));
    setFolds(new Map(groups.map((group) => [group, isAnyOpen])));
  };
  return (
    <section className={classes["viewer"]} data-full={isFull || undefined} aria-label={`Log of try ${tryNumber}`}>
      <LogToolbar
        book={book}
        level={filter.level}
        hidden={filter.hidden}
        isWrapped={isWrapped}
        hasTimes={hasTimes}
        isFull={isFull}
        isCopied={clipboard.isCopied}
        isDownloading={download.isPending}
        onLevel={(level) => changeView({ ...withoutKey(view, "level"), ...(level === "trace" ? {} : { level }) })}
        onHidden={(without) => changeView({ ...withoutKey(view, "without"), ...(without.length === 0 ? {} : { without }) })}
        onWrap={() => setWrapped(!isWrapped)}
        onTimes={() => setTimes(!hasTimes)}
        onFold={foldAll}
        onCopy={copyLines}
        onCopyLink={copyLink}
        onDownload={() => download.mutate()}
        onFull={full.toggle}
        onNextError={nextError}
        search={
          <LogSearchBox
            inputRef={searchInput}
            text={search.text}
            isCaseSensitive={view.case === true}
            isPattern={view.pattern === true}
            matches={search.matches}
            current={search.current}
            onText={search.onText}
            onCase={() => changeView(view.case === true ? withoutKey(view, "case") : { ...view, case: true })}
            onPattern={() => changeView(view.pattern === true ? withoutKey(view, "pattern") : { ...view, pattern: true })}
            onStep={search.step}
            onLeave={() => body.current?.focus()}
          />
        }
      />
      <div className={classes["frame"]}>
        <LogBody
          ref={body}
          label={`Lines of try ${tryNumber}`}
          book={book}
          visible={visible}
          offsets={offsets}
          filter={filter}
          folds={folds}
          columns={wrapColumns}
          zone={hasTimes ? zone : null}
          picked={picked}
          matchesOf={search.matchesOf}
          current={search.currentMatch}
          isFollowing={isFollowing}
          onFollowing={setFollowing}
          onColumns={setColumns}
          onPick={pick}
          onFold={(row) => setFolds((before) => new Map(before).set(row, !isFolded(book, row, before)))}
          onKeyDown={onKeyDown}
        />
        {visible.length === 0 && (
          <div className={classes["nothing"]}>
            {status === "loading" ? <Loader size="sm" aria-label="Loading the log" /> : toldOfNothing(book.rows.length > 0, isLive)}
          </div>
        )}
        {!isFollowing && isLive && status !== "loading" && (
          <Button
            className={classes["to-end"] ?? ""}
            size="compact-sm"
            leftSection={<IconArrowBarToDown size={15} />}
            onClick={() => setFollowing(true)}
          >
            Follow
          </Button>
        )}
      </div>
      <LogStatusBar
        book={book}
        shown={visible.length}
        status={status}
        isLive={isLive}
        isFollowing={isFollowing}
        picked={picked}
        onEnd={() => body.current?.showEnd()}
        onTop={() => goTo(0)}
      />
    </section>
  );
}

function toldOfNothing(hasRows: boolean, isLive: boolean): string {
  if (hasRows) return "No line passes the filter.";
  return isLive ? "Nothing has been logged yet. Lines appear here as they are written." : "Nothing was logged.";
}
